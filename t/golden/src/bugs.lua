-- What goes wrong in Lua programs: bugs.lua NAME.
local bugs = {}

function bugs.index(n)
	local t = {}
	return t.rows[n]
end

function bugs.arithmetic(n)
	return n + {}
end

function bugs.call(n)
	local t = {}
	return t.missing(n)
end

function bugs.explicit(n)
	error("bad magic: " .. n)
end

function bugs.object(n)
	error({ code = n })
end

function bugs.no_place(n)
	error("bad input", 0)
end

local Table = {}
Table.__index = Table
function Table:row(n)
	return self.rows[n].size
end

function bugs.method(n)
	return (setmetatable({ rows = {} }, Table):row(n))
end

function bugs.assertion(n)
	assert(n == 8, "sizes differ")
end

function bugs.library(n)
	return ("x"):rep(-1, n, n) .. string.format("%d", "x")
end

function bugs.anonymous(n)
	return (function(i)
		return (nil)[i]
	end)(n)
end

function bugs.recursion(n)
	return bugs.recursion(n + 1) + 1
end

function bugs.memory(n)
	local s = ("x"):rep(1 << 30)
	return s:rep(1 << 32)
end

function bugs.syntax(n)
	return load("x = = 1", "=chunk")()
end

local function middle_fn(bug, n)
	local r = bug(n)
	return r
end

function outer_fn(name, n)
	local r = middle_fn(bugs[name], n)
	return r
end

outer_fn(arg[1], 7)
