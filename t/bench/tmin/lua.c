/*
 * Lua.  Bug: `crunch` called with a table of at least three numbers from within
 * a function of the script (not its main chunk).  Another: `crunch` of a string.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

__attribute__((noinline)) static int
sum(lua_State *l, lua_Integer n)
{
	if (n >= 3)
		abort();
	lua_pushinteger(l, n);
	return 1;
}

static int
crunch(lua_State *l)
{
	lua_Debug d;
	lua_Integer n = 0;

	if (lua_type(l, 1) == LUA_TSTRING)
		abort();
	if (lua_type(l, 1) != LUA_TTABLE || !lua_getstack(l, 1, &d) ||
	    !lua_getinfo(l, "S", &d) || strcmp(d.what, "Lua") != 0)
		return 0;
	while (lua_rawgeti(l, 1, n + 1) == LUA_TNUMBER) {
		lua_pop(l, 1);
		n++;
	}
	return sum(l, n);
}

static void
enough(lua_State *l, lua_Debug *d)
{
	(void)d;
	luaL_error(l, "enough");
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const luaL_Reg libs[] = {{"_G", luaopen_base},
	    {"table", luaopen_table}, {"string", luaopen_string},
	    {"math", luaopen_math}};
	lua_State *l = luaL_newstate();

	for (size_t i = 0; i < sizeof libs / sizeof *libs; i++) {
		luaL_requiref(l, libs[i].name, libs[i].func, 1);
		lua_pop(l, 1);
	}
	lua_register(l, "crunch", crunch);
	lua_sethook(l, enough, LUA_MASKCOUNT, 20000);
	if (luaL_loadbufferx(l, (const char *)p, n, "in", "t") == LUA_OK)
		lua_pcall(l, 0, 0, 0);
	lua_close(l);
	return 0;
}
