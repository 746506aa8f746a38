// docs/reference/attacks.md says by what each attack of tests/sql/attacks is stopped. What the
// statements are answered with is corpus_test.cc's; here the page is held to it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace gbx::testing {
namespace {

namespace fs = std::filesystem;

struct Attack {
  std::size_t refused = 0;
  std::size_t bounded = 0;  // answered: bounded, noised and paid for
  std::set<std::string> reasons;
};

std::map<std::string, Attack> attacks() {
  std::map<std::string, Attack> out;
  for (const auto& file : fs::directory_iterator(fs::path(GBX_SOURCE_DIR) / "tests/sql/attacks")) {
    std::ifstream in(file.path());
    std::string attack;
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("# attack: ")) attack = line.substr(10);
      EXPECT_FALSE(line.starts_with("statement ") && attack.empty()) << file.path();
      if (line.starts_with("statement refused ")) {
        out[attack].refused++;
        out[attack].reasons.insert(line.substr(line.rfind(' ') + 1));
      }
      if (line != "statement accepted") continue;
      out[attack].bounded++;
      bool priced = false;
      while (std::getline(in, line) && !line.empty()) priced = priced || line.starts_with("price ");
      EXPECT_TRUE(priced || file.path().filename() != "spellings.test")
          << file.path() << ": what bounds an answer stands under ----";
    }
  }
  return out;
}

std::string row_of(const std::string& attack) {
  std::ifstream in(fs::path(GBX_SOURCE_DIR) / "docs/reference/attacks.md");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| " + attack + " |")) return line;
  }
  return "";
}

TEST(Attacks, ThePageSaysWhatStopsEach) {
  std::size_t all = 0;
  for (const auto& [name, attack] : attacks()) {
    const std::string row = row_of(name);
    EXPECT_NE(row, "") << name << " has no row";
    for (const std::string& reason : attack.reasons) {
      EXPECT_NE(row.find("`" + reason + "`"), std::string::npos) << name << ": " << reason;
    }
    all += attack.refused + attack.bounded;
  }
  EXPECT_GE(all, 450U);
}

// The words in backquotes of a cell.
std::vector<std::string> quoted_in(const std::string& row) {
  std::vector<std::string> out;
  for (std::size_t at = 0; (at = row.find('`', at)) != std::string::npos;) {
    const std::size_t end = row.find('`', at + 1);
    if (end == std::string::npos) break;
    out.push_back(row.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return out;
}

std::string text_of(const std::string& path) {
  std::ifstream in(fs::path(GBX_SOURCE_DIR) / path);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

// "Suite.Name" as its test is written; as TEST, TEST_F or TEST_P.
bool has_test(const std::string& source, const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos) return false;
  const std::string written = "(" + name.substr(0, dot) + ", " + name.substr(dot + 1) + ")";
  const std::size_t at = source.find(written);
  if (at == std::string::npos) return false;
  const std::size_t begin = source.rfind('\n', at) + 1;
  return source.compare(begin, 4, "TEST") == 0;
}

// Each row: files, and after each the tests in it; every file has one.
TEST(Attacks, ThatAreNoTextHaveTestsThatAreThere) {
  std::istringstream page(text_of("docs/reference/attacks.md"));
  bool inside = false;
  std::size_t rows = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) inside = line == "## Attacks that are no text";
    if (!inside || !line.starts_with("| ") || line.starts_with("| attack |")) continue;
    rows++;
    const std::string cell = line.substr(line.rfind(" | "));
    std::string source;
    bool tested = true;
    for (const std::string& word : quoted_in(cell)) {
      if (word.find('/') != std::string::npos) {
        EXPECT_TRUE(tested) << line << ": a file without a test";
        source = text_of(word);
        EXPECT_NE(source, "") << word << " is no file";
        tested = false;
      } else {
        EXPECT_TRUE(has_test(source, word)) << word << " is no test of the file before it";
        tested = true;
      }
    }
    EXPECT_TRUE(tested && !source.empty()) << line << ": no test";
  }
  EXPECT_GE(rows, 11U);
}

}  // namespace
}  // namespace gbx::testing
