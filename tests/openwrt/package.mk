# tests/openwrt/package.mk: what a package file fills in, done step by step.
# Each step is a target, so that what is missing is told by its name.

PKG_BUILD_DIR ?= $(BUILD_DIR)/$(PKG_NAME)-$(PKG_VERSION)

define BuildPackage
prepare:
	$(call Build/Prepare)
configure:
	$(call Build/Configure)
compile:
	$(call Build/Compile)
install:
	$(call Package/$(1)/install,$(OUT)/root)
$(eval $(Package/$(1)))
facts:
	@echo 'name=$(PKG_NAME)'
	@echo 'version=$(PKG_VERSION)'
	@echo 'release=$(PKG_RELEASE)'
	@echo 'license=$(PKG_LICENSE)'
	@echo 'license_files=$(PKG_LICENSE_FILES)'
	@echo 'section=$(SECTION)'
	@echo 'category=$(CATEGORY)'
	@echo 'title=$(TITLE)'
	@echo 'depends=$(DEPENDS)'
	@echo 'conffiles=$(strip $(Package/$(1)/conffiles))'
endef
