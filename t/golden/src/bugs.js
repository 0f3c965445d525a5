// What goes wrong in JavaScript programs: bugs.js NAME.
"use strict";
const fs = require("fs");
const vm = require("vm");

class HeaderError extends Error {
	constructor(message, options) {
		super(message, options);
		this.name = "HeaderError";
		this.offset = 7;
	}
}

class Table {
	row(n) {
		return this.rows[n].length;
	}
	static open(n) {
		return new Table().row(n);
	}
	get size() {
		return undefined.length;
	}
}

const bugs = {
	undefinedProperty(n) {
		const o = {};
		return o.rows[n];
	},
	notFunction(n) {
		const o = { rows: n };
		return o.rows();
	},
	reference(n) {
		return missing + n;
	},
	method: (n) => Table.open(n),
	getter: (n) => new Table().size,
	range: (n) => new Array(-n),
	json: (n) => JSON.parse('{"a": ' + n + ",}"),
	custom(n) {
		throw new HeaderError("bad magic\nin two lines");
	},
	caused(n) {
		try {
			return Table.open(n);
		} catch (e) {
			throw new HeaderError("row " + n, { cause: e });
		}
	},
	aggregate(n) {
		throw new AggregateError([new Error("one"), new Error("two")], "both");
	},
	anonymous: (n) => [1, 2].map((x) => ((y) => y.z.z)(x)),
	construct(n) {
		class Late {
			constructor(n) {
				this.v = n.a.b;
			}
		}
		return new Late(n);
	},
	throwString(n) {
		throw "a string " + n;
	},
	throwObject(n) {
		throw { code: n };
	},
	evaluated: (n) => eval("(function inEval(n) { return n.a.b })(1)"),
	inVm: (n) => vm.runInNewContext("var a = 1;\na.b.c", {}, "script.vm"),
	syntax: (n) => vm.runInThisContext("var a = ;", "broken.js"),
	syntaxFile(n) {
		fs.writeFileSync("broken2.js", "function f( {\n");
		require("./broken2.js");
	},
	file: (n) => fs.readFileSync("/no/such/file"),
	recursion(n) {
		return bugs.recursion(n + 1) + 1;
	},
	rejection(n) {
		return Promise.reject(new HeaderError("rejected"));
	},
	rejectionValue: (n) => Promise.reject(n),
	async asyncFn(n) {
		await null;
		return Table.open(n);
	},
	timer: (n) => setTimeout(() => Table.open(n), 1),
	emitter(n) {
		const { EventEmitter } = require("events");
		new EventEmitter().emit("error", new HeaderError("emitted"));
	},
	assertion(n) {
		require("assert").strictEqual(n, 8);
	},
	heap(n) {
		const all = [];
		for (;;) all.push({ n: [n, n, n] });
	},
	abort: (n) => process.abort(),
};

function middleFn(bug, n) {
	return bug(n);
}

function outerFn(name, n) {
	return middleFn(bugs[name], n);
}

outerFn(process.argv[2], 7);
