// What goes wrong in Swift programs: bugs NAME.
enum ParseError: Error {
    case short(Int)
    case badMagic
}

struct Stack<T> {
    var items: [T] = []
    @inline(never) func top(_ n: Int) -> T { items[n] }
}

@inline(never) func index(_ n: Int) -> Int { let v = [1, 2, 3]; return v[n] }

@inline(never) func unwrapNil(_ n: Int) -> Int {
    let d: [Int: Int] = [:]
    return d[n]!
}

@inline(never) func overflow(_ n: Int) -> Int {
    let small = UInt8(250)
    return Int(small + UInt8(truncatingIfNeeded: n))
}

@inline(never) func divide(_ n: Int) -> Int { 10 / (n - 7) }

@inline(never) func explicit(_ n: Int) -> Int { fatalError("bad state \(n)") }

@inline(never) func precondition_(_ n: Int) -> Int {
    precondition(n == 8, "sizes differ")
    return n
}

@inline(never) func assertion(_ n: Int) -> Int {
    assert(n == 8, "sizes differ")
    return n
}

@inline(never) func tryBang(_ n: Int) -> Int {
    func parse() throws -> Int { throw ParseError.short(n) }
    return try! parse()
}

@inline(never) func castBang(_ n: Int) -> Int {
    let a: Any = "text"
    return a as! Int + n
}

@inline(never) func generic(_ n: Int) -> Int { Stack<Int>(items: [1]).top(n) }

@inline(never) func closure(_ n: Int) -> Int {
    [1, 2].map { i in [i][n] }.count
}

@inline(never) func range(_ n: Int) -> Int { let to = n - 9; return (n...to).count }

@inline(never) func conversion(_ n: Int) -> Int { Int(UInt8(n * 100)) }

@inline(never) func duplicateKeys(_ n: Int) -> Int {
    Dictionary(uniqueKeysWithValues: [(n, 1), (n, 2)]).count
}

@inline(never) func recurse(_ n: Int) -> Int { n < 0 ? 0 : recurse(n + 1) + 1 }

@inline(never) func recursion(_ n: Int) -> Int { recurse(n) }

@inline(never) func wildRead(_ n: Int) -> Int {
    UnsafePointer<Int>(bitPattern: 0xdead0000)!.pointee + n
}

let bugs: [String: (Int) -> Int] = [
    "index": index, "unwrapNil": unwrapNil, "overflow": overflow,
    "divide": divide, "explicit": explicit, "precondition": precondition_,
    "assertion": assertion, "tryBang": tryBang, "castBang": castBang,
    "generic": generic, "closure": closure, "range": range,
    "conversion": conversion, "duplicateKeys": duplicateKeys,
    "recursion": recursion, "wildRead": wildRead,
]

@inline(never) func middleFn(_ bug: (Int) -> Int, _ n: Int) -> Int { bug(n) + 1 }

@inline(never) func outerFn(_ name: String, _ n: Int) -> Int {
    middleFn(bugs[name]!, n) + 1
}

func run() throws {
    let name = CommandLine.arguments[1]
    if name == "thrown" { throw ParseError.badMagic }
    print(outerFn(name, 7))
}

try run()
