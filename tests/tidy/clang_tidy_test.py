"""clang_tidy.py puts files together only where each is judged as it would be alone."""

import pathlib
import tempfile
import unittest

import clang_tidy


class Batches(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def file(self, name, text):
        path = self.root / name
        path.write_text(text, encoding="utf-8")
        return path

    def count(self, *texts, flags=("", "")):
        work = []
        for number, (text, flag) in enumerate(zip(texts, flags)):
            path = self.file(f"{number}.cc", text)
            work.append((path, {"command": f"g++ {flag} -o {path}.o -c {path}"}))
        return len(clang_tidy.batches(work, 9, self.root))

    def test_files_compiled_alike_are_one_batch(self):
        self.assertEqual(1, self.count("int f() { return 1; }\n", "int g() { return 2; }\n"))

    def test_other_flags(self):
        self.assertEqual(2, self.count("int f();\n", "int g();\n", flags=("-DA", "-DB")))

    def test_a_shared_name(self):
        self.assertEqual(2, self.count("struct Free {\n};\n", "using Free = int;\n"))

    def test_folders_of_libraries_differ(self):
        self.assertEqual(1, self.count("int f();\n", "int g();\n", flags=("-fPIC", "-isystem /x")))

    def test_a_shared_name_in_another_namespace(self):
        text = "namespace {0} {{\nint f();\n}}\n"
        self.assertEqual(1, self.count(text.format("a"), text.format("b")))
        self.assertEqual(2, self.count(text.format("a"), text.format("a")))
        self.assertEqual(2, self.count("namespace a {\n}\nint main() {}\n", "int main() {}\n"))

    def test_a_name_of_a_header_of_the_other(self):
        self.file("x.h", "inline int f() { return 1; }\n")
        self.file("y.h", "struct Thing {\n};\n")
        self.file("z.h", "struct Thing {\n};\n")
        self.assertEqual(2, self.count('#include "x.h"\n', "int f();\n"))
        self.assertEqual(2, self.count("int f();\n", '#include "x.h"\n'))
        self.assertEqual(1, self.count('#include "x.h"\nint f();\n', '#include "x.h"\n'))
        self.assertEqual(2, self.count('#include "y.h"\n', '#include "z.h"\n'))

    def test_a_name_that_a_neighbour_could_use(self):
        for text in ("using std::string;\n", "namespace string = std::filesystem;\n"):
            self.assertEqual(1, self.count(text, "int g();\n"))
            self.assertEqual(2, self.count(text, "const string kText;\n"))
            self.assertEqual(2, self.count("const string kText;\n", text))
        for text in ("using enum Kind;\n", "using namespace std;\n"):
            self.assertEqual(2, self.count(text, "int g();\n"))

    def test_a_header_is_asked_for_once_and_a_repetition_stays(self):
        first = self.file("a.cc", "#include <map>\nint a;\n")
        second = self.file("b.cc", "#include <map>\n#include <set>\n#include <set>\nint b;\n")
        self.assertEqual(("#include <map>\n",
                          "\nint a;\n" "\n#include <set>\n#include <set>\nint b;\n"),
                         clang_tidy.joined([first, second]))

    def test_what_is_said_of_a_line_is_looked_for_in_its_file(self):
        batch = [(self.file(f"{n}.cc", "int a;\n" * n), {}) for n in (1, 2, 3)]
        def parts(said):
            return [[path.name for path, _ in part]
                    for part in clang_tidy.suspects_and_rest(batch, said)]
        self.assertEqual([["1.cc"], ["2.cc", "3.cc"]], parts("/x/together.cc:1:1: error: a\n"))
        self.assertEqual([["2.cc"], ["1.cc", "3.cc"]],
                         parts("/x/together.cc:2:1: error: a\n/x/together.cc:3:9: error: b\n"))
        self.assertEqual([["3.cc"], ["1.cc", "2.cc"]], parts("/x/together.cc:4:1: error: a\n"))
        self.assertEqual([["1.cc"], ["2.cc", "3.cc"]], parts("/x/y.h:1:1: error: a\n"))


if __name__ == "__main__":
    unittest.main()
