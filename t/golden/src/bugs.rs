// What goes wrong in Rust programs: bugs NAME.
#![allow(dead_code, unconditional_recursion, unused)]
#![cfg_attr(fuzzing, no_main)]
use std::collections::HashMap;

// Also for compilers that have none yet.
#[inline(never)]
fn black_box<T>(x: T) -> T {
    unsafe {
        let y = std::ptr::read_volatile(&x);
        std::mem::forget(x);
        y
    }
}

struct Stack<T> {
    items: Vec<T>,
}

impl<T: Clone> Stack<T> {
    #[inline(never)]
    fn top(&self, at: usize) -> T {
        self.items[at].clone()
    }
}

trait Shape {
    fn area(&self, by: u32) -> u32;
}

struct Square(u32);

impl Shape for Square {
    #[inline(never)]
    fn area(&self, by: u32) -> u32 {
        self.0 / by
    }
}

#[derive(Debug)]
enum ParseError {
    BadMagic { got: u32 },
    Short(usize),
}

#[inline(never)]
fn parse(bytes: &[u8]) -> Result<u32, ParseError> {
    if bytes.len() < 4 {
        return Err(ParseError::Short(bytes.len()));
    }
    Err(ParseError::BadMagic { got: 7 })
}

#[inline(never)]
fn index_out_of_bounds(n: usize) -> u8 {
    let v = vec![1u8, 2, 3];
    v[n]
}

#[inline(never)]
fn unwrap_none(n: usize) -> u8 {
    let v: Vec<u8> = Vec::with_capacity(n);
    *v.last().unwrap()
}

#[inline(never)]
fn unwrap_err(n: usize) -> u32 {
    parse(&vec![0; n]).unwrap()
}

#[inline(never)]
fn expect_err(n: usize) -> i64 {
    "12x".parse::<i64>().expect("a number\nin the header")
}

#[inline(never)]
fn overflow(n: usize) -> u8 {
    let small: u8 = black_box(250);
    small + n as u8
}

#[inline(never)]
fn divide(n: usize) -> u32 {
    let shape: Box<dyn Shape> = Box::new(Square(9));
    shape.area(n as u32 - 7)
}

#[inline(never)]
fn explicit(n: usize) -> u8 {
    panic!("bad state {n}: it's 'quoted', at src/x.rs:1:2")
}

#[inline(never)]
fn several_lines(n: usize) -> u8 {
    assert_eq!(n, 8, "sizes differ for {}", "input");
    0
}

#[inline(never)]
fn not_reached(n: usize) -> u8 {
    unreachable!()
}

#[inline(never)]
fn slice_range(n: usize) -> u8 {
    let text = "aé";
    text[..n - 5].len() as u8
}

#[inline(never)]
fn generic(n: usize) -> u8 {
    let stack = Stack { items: vec![1u8] };
    stack.top(n)
}

#[inline(never)]
fn closure(n: usize) -> u8 {
    let pick = |v: &Vec<u8>| v[n];
    (0..3).map(|i| pick(&vec![i])).sum()
}

#[inline(never)]
fn missing_key(n: usize) -> u8 {
    let map: HashMap<usize, u8> = HashMap::new();
    map[&n]
}

#[inline(never)]
fn borrowed_twice(n: usize) -> u8 {
    let cell = std::cell::RefCell::new(n);
    let _one = cell.borrow_mut();
    let two = cell.borrow_mut();
    *two as u8
}

#[inline(never)]
fn in_thread(n: usize) -> u8 {
    let child = std::thread::Builder::new()
        .name("reader".into())
        .spawn(move || index_out_of_bounds(n))
        .unwrap();
    child.join().unwrap()
}

struct Bomb;
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

#[inline(never)]
fn panic_in_drop(n: usize) -> u8 {
    let _bomb = Bomb;
    index_out_of_bounds(n)
}

#[inline(never)]
fn recurse(n: usize) -> usize {
    let mut room = [n; 64];
    black_box(&mut room);
    recurse(room[5] + 1) + room[6]
}

#[inline(never)]
fn stack_overflow(n: usize) -> u8 {
    recurse(n) as u8
}

#[inline(never)]
fn out_of_memory(n: usize) -> u8 {
    let v: Vec<u8> = Vec::with_capacity(black_box(1 << 46));
    v.capacity() as u8
}

#[inline(never)]
fn capacity(n: usize) -> u8 {
    let v: Vec<u64> = Vec::with_capacity(black_box(usize::MAX / 4));
    v.capacity() as u8
}

#[inline(never)]
fn use_after_free(n: usize) -> u8 {
    let p = Box::into_raw(Box::new([n as u8; 8]));
    unsafe {
        drop(Box::from_raw(p));
        (*p)[2]
    }
}

#[inline(never)]
fn heap_overflow(n: usize) -> u8 {
    let v = vec![1u8; n];
    unsafe { *v.as_ptr().add(black_box(n)) }
}

#[inline(never)]
fn null_read(n: usize) -> u8 {
    unsafe { std::ptr::read_volatile(black_box(std::ptr::null::<u8>())) }
}

const BUGS: &[(&str, fn(usize) -> u8)] = &[
    ("index", index_out_of_bounds),
    ("unwrap_none", unwrap_none),
    ("unwrap_err", |n| unwrap_err(n) as u8),
    ("expect_err", |n| expect_err(n) as u8),
    ("overflow", overflow),
    ("divide", |n| divide(n) as u8),
    ("explicit", explicit),
    ("several_lines", several_lines),
    ("not_reached", not_reached),
    ("slice_range", slice_range),
    ("generic", generic),
    ("closure", closure),
    ("missing_key", missing_key),
    ("borrowed_twice", borrowed_twice),
    ("in_thread", in_thread),
    ("panic_in_drop", panic_in_drop),
    ("stack_overflow", stack_overflow),
    ("out_of_memory", out_of_memory),
    ("capacity", capacity),
    ("use_after_free", use_after_free),
    ("heap_overflow", heap_overflow),
    ("null_read", null_read),
];

#[inline(never)]
fn middle_fn(bug: fn(usize) -> u8, n: usize) -> u8 {
    black_box(bug(n)) + 1
}

#[inline(never)]
fn outer_fn(name: &str, n: usize) -> u8 {
    let (_, bug) = BUGS.iter().find(|b| b.0 == name).expect("a bug");
    black_box(middle_fn(*bug, n)) + 1
}

#[cfg(not(fuzzing))]
fn main() {
    let name = std::env::args().nth(1).expect("a bug's name");
    println!("{}", outer_fn(&name, black_box(7)));
}

// As libfuzzer-sys does: a panic aborts, and libFuzzer says "deadly signal".
#[cfg(fuzzing)]
#[no_mangle]
pub extern "C" fn LLVMFuzzerInitialize(_: *const i32, _: *const *const u8) -> i32 {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        hook(info);
        std::process::abort();
    }));
    0
}

#[cfg(fuzzing)]
#[inline(never)]
fn rust_fuzzer_test_input(data: &[u8]) {
    outer_fn(std::str::from_utf8(data).unwrap(), black_box(7));
}

#[cfg(fuzzing)]
#[no_mangle]
pub extern "C" fn LLVMFuzzerTestOneInput(data: *const u8, size: usize) -> i32 {
    let ok = std::panic::catch_unwind(|| unsafe {
        rust_fuzzer_test_input(std::slice::from_raw_parts(data, size))
    });
    if ok.is_err() {
        std::process::abort();
    }
    0
}
