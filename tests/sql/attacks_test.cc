// docs/reference/attacks.md says by what each attack of tests/sql/attacks is stopped. What the
// statements are answered with is corpus_test.cc's; here the page is held to it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

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

}  // namespace
}  // namespace gbx::testing
