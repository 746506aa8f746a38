"""Each rule of tidy.py, broken once in a tree of its own: the finding names file, line and cure."""

import pathlib
import tempfile
import unittest

import tidy

HEADER = "#pragma once\n"


class TidyFinds(unittest.TestCase):
    def findings(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return tidy.Tidy(root.resolve()).run()

    def one(self, files, *words):
        found = self.findings(files)
        self.assertEqual(1, len(found), found)
        for word in words:
            self.assertIn(word, found[0])

    def test_a_clean_tree_has_no_findings(self):
        self.assertEqual([], self.findings({
            "trusted/base/x.h": HEADER + "// throw .at( try { std::get<0>\nint f();\n",
            "trusted/base/CMakeLists.txt": "gbx_library(base SOURCES x.cc)\ngbx_test(x_test.cc)\n",
            "trusted/base/x.cc": '#include "trusted/base/x.h"\nint f() { return \'{\'; }\n',
            "trusted/base/x_test.cc": '#include "trusted/base/x.h"\n#include <fstream>\n',
            "README.md": "# Two words\n\n[a](#two-words) [b](trusted/base/x.h) [c](https://a.b/c)\n"
        }))

    def test_a_new_arrow(self):
        self.one({"trusted/base/x.h": HEADER,
                  "host/y.h": HEADER + '#include "trusted/base/x.h"\n',
                  "trusted/sql/z.h": HEADER + '#include "host/y.h"\n'},
                 "trusted/sql/z.h:2:", "may not include host/y.h", "allowed: trusted/base")

    def test_a_folder_without_a_rule(self):
        self.one({"trusted/base/x.h": HEADER, "new/y.h": HEADER + '#include "trusted/base/x.h"\n'},
                 "new/y.h:2:", "no line in tests/tidy/layers.py")

    def test_openssl_outside_crypto(self):
        self.one({"client/x.h": HEADER + "#include <openssl/evp.h>\n"}, "client/x.h:2:",
                 "use trusted/crypto")

    def test_duckdb_in_trusted(self):
        self.one({"trusted/sql/x.h": HEADER + "#include <duckdb.h>\n"}, "trusted/sql/x.h:2:")

    def test_a_clock_in_trusted(self):
        self.one({"trusted/sql/x.h": HEADER + "#include <chrono>\n"}, "use Clock")

    def test_an_exception_in_attest(self):
        self.one({"attest/x.h": HEADER + "inline void f() { throw 1; }\n"}, "attest/x.h:2:",
                 "return an Error")

    def test_at_in_trusted(self):
        self.one({"trusted/sql/x.h": HEADER + "inline int f(V v) { return v.at(1); }\n"}, ":2:",
                 "find()")

    def test_sto_in_trusted(self):
        self.one({"trusted/sql/x.h": HEADER + "inline int f(V v) { return std::stoi(v); }\n"},
                 "std::from_chars")

    def test_get_of_a_variant_in_trusted(self):
        self.one({"trusted/sql/x.h": HEADER + "inline int f(V v) { return std::get<int>(v); }\n"},
                 "std::get_if")

    def test_a_reason_that_is_a_sentence(self):
        self.one({"client/x.h": HEADER + 'Error f() { return Error{ErrorCode::a, "No way"}; }\n'},
                 "client/x.h:2:", "snake_case")

    def test_a_long_line(self):
        self.one({"client/x.h": HEADER + "// " + "x" * 98 + "\n"}, "client/x.h:2:", "101 columns")

    def test_a_long_function(self):
        body = "  g();\n" * 70
        self.one({"client/x.h": HEADER + "namespace a {\nint f(int b) {\n" + body + "}\n}\n"},
                 "client/x.h:3:", "72 lines")

    def test_a_long_file(self):
        self.one({"client/x.h": HEADER + "int a;\n" * 500}, "501 lines")

    def test_a_name_that_says_nothing(self):
        self.one({"client/string_util.h": HEADER}, "client/string_util.h:1:", "'util'")
        self.one({"client/x.h": HEADER + "class KeyManager {};\n"}, "client/x.h:2:", "KeyManager")

    def test_a_source_without_a_test(self):
        self.one({"client/CMakeLists.txt": "gbx_library(client SOURCES x.cc)\n", "client/x.cc": ""},
                 "client/x.cc:1:", "write x_test.cc")

    def test_a_source_that_nothing_builds(self):
        self.one({"client/x_test.cc": ""}, "client/x_test.cc:1:", "no CMakeLists.txt names")

    def test_a_machine_path(self):
        self.one({"docs/a.md": "see /ho" + "me/me/x\n"}, "docs/a.md:1:", "one machine")

    def test_work_left_in_the_tree(self):
        self.one({"docs/a.md": "TO" + "DO: write\n"}, "docs/a.md:1:", "issue")

    def test_a_dead_link(self):
        self.one({"docs/a.md": "text\n[x](b.md)\n"}, "docs/a.md:2:", "no such file")

    def test_a_dead_anchor(self):
        self.one({"docs/a.md": "# One\n[x](#two)\n"}, "docs/a.md:2:", "the headings are one")

    def test_a_count_that_is_not_true(self):
        self.one({"trusted/README.md": "| [base](base) | text | 9 lines |\n",
                  "trusted/base/x.h": HEADER + "int a;\n"}, "base has 2 lines, not 9")

    def test_an_example_that_does_not_parse(self):
        self.one({"docs/spec/a.md": "# A\n\n```json\n{\"a\": }\n```\n"}, "docs/spec/a.md:3:",
                 "no JSON")

    def test_a_block_that_is_not_closed(self):
        self.one({"docs/a.md": "# A\n```sh\nls\n"}, "docs/a.md:2:", "never closed")


if __name__ == "__main__":
    unittest.main()
