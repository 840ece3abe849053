# tools/deps-flags.mk: how the libraries are compiled. Their headers have to be
# read with the same definitions, so the agent's own files get them too.

# Found through -Iagent, by the library and by whoever includes its headers.
MBEDTLS_DEFS = -DMBEDTLS_CONFIG_FILE='"tls/mbedtls_config.h"'

# A job file's line may hold a SAS token or a query; the line buffer is on the
# stack, so inih asks for no memory at all.
INIH_DEFS = -DINI_HANDLER_LINENO=1 -DINI_MAX_LINE=8192 -DINI_USE_STACK=1 \
	-DINI_ALLOW_MULTILINE=1 -DINI_CALL_HANDLER_ON_NEW_SECTION=1

# One thread, no mutexes: that alone is a quarter of the cost of stepping a
# query. Nothing is counted or kept that the agent doesn't ask for, temporary
# tables stay in the memory that was given (a job must not fill a disk), and
# what a foreign query could use to leave the database is compiled out.
SQLITE_DEFS = -DSQLITE_THREADSAFE=0 -DSQLITE_DEFAULT_MEMSTATUS=0 \
	-DSQLITE_TEMP_STORE=3 -DSQLITE_OMIT_LOAD_EXTENSION \
	-DSQLITE_MAX_ATTACHED=0 -DSQLITE_DQS=0 \
	-DSQLITE_LIKE_DOESNT_MATCH_BLOBS -DSQLITE_MAX_EXPR_DEPTH=1000 \
	-DSQLITE_OMIT_DEPRECATED -DSQLITE_OMIT_SHARED_CACHE \
	-DSQLITE_OMIT_AUTOINIT \
	-DSQLITE_DEFAULT_WAL_SYNCHRONOUS=1 -DSQLITE_ENABLE_COLUMN_METADATA \
	-DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_USE_ALLOCA

# What its configure step would find with gcc.
SNAPPY_DEFS = -DHAVE_BUILTIN_EXPECT=1 -DHAVE_BUILTIN_CTZ=1 \
	-DHAVE_BUILTIN_PREFETCH=1 -DHAVE_ATTRIBUTE_ALWAYS_INLINE=1
