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
        return len(clang_tidy.batches(work, 9))

    def test_files_compiled_alike_are_one_batch(self):
        self.assertEqual(1, self.count("int f() { return 1; }\n", "int g() { return 2; }\n"))

    def test_other_flags(self):
        self.assertEqual(2, self.count("int f();\n", "int g();\n", flags=("-DA", "-DB")))

    def test_a_shared_name(self):
        self.assertEqual(2, self.count("struct Free {\n};\n", "using Free = int;\n"))

    def test_a_name_that_a_neighbour_could_use(self):
        self.assertEqual(2, self.count("using std::string;\n", "int g();\n"))
        self.assertEqual(2, self.count("namespace fs = std::filesystem;\n", "int g();\n"))

    def test_a_header_is_asked_for_once_and_a_repetition_stays(self):
        first = self.file("a.cc", "#include <map>\n")
        second = self.file("b.cc", "#include <map>\n#include <set>\n#include <set>\n"
                           "#include <map>\n")
        self.assertEqual("#include <map>\n" "\n#include <set>\n#include <set>\n#include <map>\n",
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
