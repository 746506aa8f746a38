#include "cli/console.h"

#include <gtest/gtest.h>

namespace gbx::cli {
namespace {

TEST(Console, Thousands) {
  EXPECT_EQ(with_thousands("0"), "0");
  EXPECT_EQ(with_thousands("123"), "123");
  EXPECT_EQ(with_thousands("-1234567.89"), "-1,234,567.89");
  EXPECT_EQ(with_thousands("n/a"), "n/a");
}

TEST(Console, HumanBytes) {
  EXPECT_EQ(human_bytes(12), "12 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
}

TEST(Console, TableAlignsByCodePoints) {
  const TextTable table = {{"name", "n"}, {false, true}, {{"é", "10"}, {"abcde", "9"}}};
  EXPECT_EQ(table.text(), "name    n\n-----  --\né      10\nabcde   9\n");
}

TEST(Failure, SaysWhatWhereWhyAndNext) {
  Failure failure("cannot read", "a.csv:3", "the quote never ends", "close it");
  EXPECT_EQ(
      failure.text(),
      "glovebox: cannot read\n  where: a.csv:3\n  why:   the quote never ends\n  next:  close it");
  failure.with({ErrorCode::unverified, "seal_broken"});
  EXPECT_EQ(*failure.json().find("error")->find("code")->string(), "unverified");
}

}  // namespace
}  // namespace gbx::cli
