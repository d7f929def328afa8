/*
 * What Node is started with. daemon/bundle.mjs reads this file as well: what V8 has compiled at the
 * build it takes back only under the same flags.
 */
#pragma once

#include <stddef.h>

#include "config.h"

/*
 * Not every release of Node knows these, and one that does not refuses to start. The build asked
 * the Node it found; another one may be there by now, and is then started without them. SIGUSR1
 * must not open the debugger (main.ts sees to it as well), and nothing here is WebAssembly.
 */
static const char *const optional_flags[] = {
#if NODE_HAS_DISABLE_SIGUSR1
	"--disable-sigusr1",
#endif
#if NODE_HAS_NO_EXPOSE_WASM
	"--no-expose-wasm",
#endif
	NULL,
};

/*
 * What the optimizing compilers gain, a daemon that waits most of the time does not get back: they
 * cost memory. The baseline compiler works beside the start, and builtins are not copied to where
 * its code is nearer to them.
 */
static const char *const node_flags[] = {
	"--no-opt",
	"--no-short-builtin-calls",
	"--concurrent-sparkplug",
	"--expose-gc",
	"--disable-proto=delete",
	"--disallow-code-generation-from-strings",
	"--max-old-space-size=512",
	"--max-semi-space-size=1",
	"--unhandled-rejections=strict",
};
