// What goes wrong in C# programs: Bugs.exe NAME.
using System;
using System.Collections.Generic;
using System.Threading;

class HeaderException : Exception
{
    public HeaderException(string message, Exception inner) : base(message, inner) { }
}

class Table<T>
{
    List<T> rows = new List<T>();
    public T Row(int n) { return rows[n]; }
    public T this[int n] { get { return rows[n]; } }
}

static class Bugs
{
    static int Index(int n) { return new int[] { 1, 2, 3 }[n]; }
    static int Null(int n) { string s = null; return s.Length + n; }
    static int Key(int n) { return new Dictionary<int, int>()[n]; }
    static int Generic(int n) { return new Table<int>().Row(n); }
    static int Indexer(int n) { return new Table<string>()[n].Length; }
    static int Divide(int n) { return 10 / (n - 7); }
    static int Cast(int n) { object o = "text"; return (int)o + n; }
    static int Number(int n) { return int.Parse("12x" + n); }
    static int Lambda(int n) { Func<int, int> f = i => (new int[1])[i]; return f(n); }

    static int Inner(int n)
    {
        try { return Index(n); }
        catch (IndexOutOfRangeException e) { throw new HeaderException("row " + n, e); }
    }

    static int InThread(int n)
    {
        var t = new Thread(() => Index(n));
        t.Start();
        t.Join();
        return n;
    }

    static int Static(int n) { return Late.Value + n; }
    static class Late { public static int Value = Index(9); }
    static int Recursion(int n) { return Recursion(n + 1) + 1; }

    static int MiddleFn(Func<int, int> bug, int n) { return bug(n) + 1; }

    static int OuterFn(string name, int n)
    {
        var m = typeof(Bugs).GetMethod(name, System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static);
        return MiddleFn((Func<int, int>)Delegate.CreateDelegate(typeof(Func<int, int>), m), n) + 1;
    }

    static void Main(string[] args) { Console.WriteLine(OuterFn(args[0], 7)); }
}
