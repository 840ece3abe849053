# tests/openwrt/rules.mk: as much of OpenWrt's file of that name as our package
# asks for; our own words. STAGING and OUT come from tests/openwrt/check.

TARGET_CC = musl-gcc
TARGET_AR = ar
TARGET_CFLAGS = -Os -pipe
TARGET_CPPFLAGS = -isystem $(STAGING)/include
TARGET_LDFLAGS = -L$(STAGING)/lib -no-pie
BUILD_DIR = $(OUT)/build_dir
INCLUDE_DIR = $(TOPDIR)
CP = cp -fpR
INSTALL_DIR = install -d -m0755
INSTALL_BIN = install -m0755
INSTALL_CONF = install -m0600
PKG_JOBS = -j2
