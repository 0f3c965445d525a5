// What goes wrong in Java programs: Bugs NAME.
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

public class Bugs {
    static class HeaderException extends RuntimeException {
        HeaderException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    static class Table {
        private final List<String> rows = List.of("a");

        String row(int n) {
            return rows.get(n);
        }

        class Cursor {
            int at(int n) {
                return row(n).length();
            }
        }
    }

    static int arrayIndex(int n) {
        int[] v = {1, 2, 3};
        return v[n];
    }

    static int nullPointer(int n) {
        String s = n == 7 ? null : "x";
        return s.length();
    }

    static int number(int n) {
        return Integer.parseInt("12x" + n);
    }

    static int inner(int n) {
        return new Table().new Cursor().at(n);
    }

    static int lambda(int n) {
        IntUnaryOperator f = i -> i / (n - 7);
        return List.of(1).stream().mapToInt(i -> f.applyAsInt(i)).sum();
    }

    static int cast(int n) {
        Object o = "text";
        return (Integer) o + n;
    }

    static int changed(int n) {
        List<Integer> list = new ArrayList<>(List.of(1, 2, 3));
        for (Integer i : list) {
            list.remove(i);
        }
        return n;
    }

    static int caused(int n) {
        try {
            return arrayIndex(n);
        } catch (ArrayIndexOutOfBoundsException e) {
            throw new HeaderException("row " + n, e);
        }
    }

    static int causedTwice(int n) {
        try {
            return caused(n);
        } catch (HeaderException e) {
            throw new IllegalStateException(e);
        }
    }

    static int suppressed(int n) throws Exception {
        class Res implements AutoCloseable {
            public void close() {
                throw new IllegalStateException("close\n\tfailed");
            }
        }
        try (Res r = new Res()) {
            return arrayIndex(n);
        }
    }

    static int assertion(int n) {
        assert n == 8 : "sizes differ";
        return n;
    }

    static int initializer(int n) {
        return Late.value;
    }

    static class Late {
        static int value = arrayIndex(9);
    }

    static int reflected(int n) throws Exception {
        return (int) Bugs.class.getDeclaredMethod("arrayIndex", int.class)
            .invoke(null, n);
    }

    static int thread(int n) throws Exception {
        Thread t = new Thread(() -> arrayIndex(n), "reader-1");
        t.start();
        t.join();
        return n;
    }

    static int recursion(int n) {
        return recursion(n + 1) + 1;
    }

    static int mutual(int n) {
        return other(n + 1) + 1;
    }

    static int other(int n) {
        return mutual(n + 1) + 1;
    }

    static int memory(int n) {
        List<long[]> all = new ArrayList<>();
        while (true) {
            all.add(new long[1 << 20]);
        }
    }

    static int tooLarge(int n) {
        return new long[Integer.MAX_VALUE].length;
    }

    static int crash(int n) throws Exception {
        var f = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
        f.setAccessible(true);
        ((sun.misc.Unsafe) f.get(null)).putInt(0L, n);
        return n;
    }

    static int middleFn(String name, int n) throws Throwable {
        switch (name) {
        case "arrayIndex": return arrayIndex(n);
        case "nullPointer": return nullPointer(n);
        case "number": return number(n);
        case "inner": return inner(n);
        case "lambda": return lambda(n);
        case "cast": return cast(n);
        case "changed": return changed(n);
        case "caused": return caused(n);
        case "causedTwice": return causedTwice(n);
        case "suppressed": return suppressed(n);
        case "assertion": return assertion(n);
        case "initializer": return initializer(n);
        case "reflected": return reflected(n);
        case "thread": return thread(n);
        case "recursion": return recursion(n);
        case "mutual": return mutual(n);
        case "memory": return memory(n);
        case "tooLarge": return tooLarge(n);
        case "crash": return crash(n);
        default: throw new IllegalArgumentException(name);
        }
    }

    static int outerFn(String name, int n) throws Throwable {
        return middleFn(name, n) + 1;
    }

    public static void main(String[] args) throws Throwable {
        System.out.println(outerFn(args[0], 7));
    }
}
