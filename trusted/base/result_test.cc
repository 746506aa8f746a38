#include "trusted/base/result.h"

#include <gtest/gtest.h>

#include "trusted/base/secret.h"

namespace gbx {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error{ErrorCode::invalid_argument, "odd", {1, 2}};
  return value / 2;
}

Result<int> quarter(int value) {
  GBX_TRY_ASSIGN(int once, half(value));
  GBX_TRY_ASSIGN(int twice, half(once));
  return twice;
}

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_EQ(quarter(8).value(), 2);
  const auto refused = quarter(6);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason.view(), "odd");
  EXPECT_EQ(refused.error().where, (Span{1, 2}));
}

TEST(ResultDeathTest, ReadingTheWrongSideEndsTheProcess) {
  EXPECT_DEATH((void)half(1).value(), "invariant broken");
  EXPECT_DEATH((void)half(2).error(), "invariant broken");
}

TEST(ErrorCode, NamesAreTheWireNames) {
  EXPECT_EQ(error_code_name(ErrorCode::policy_denied), "policy_denied");
  EXPECT_EQ(error_code_from("unavailable"), ErrorCode::unavailable);
  EXPECT_EQ(error_code_from("nonsense"), std::nullopt);
}

TEST(Secret, MovesLeaveNothingBehind) {
  Secret<4> secret(std::array<std::uint8_t, 4>{1, 2, 3, 4});
  const Secret<4> moved = std::move(secret);
  EXPECT_EQ(to_hex(moved.view()), "01020304");
  EXPECT_EQ(to_hex(secret.view()), "00000000");  // NOLINT(bugprone-use-after-move): what is tested
}

TEST(EqualConstantTime, ComparesSizesAndBytes) {
  const Bytes a = {1, 2};
  const Bytes b = {1, 3};
  EXPECT_TRUE(equal_constant_time(a, a));
  EXPECT_FALSE(equal_constant_time(a, b));
  EXPECT_FALSE(equal_constant_time(a, ByteView(a).first(1)));
}

}  // namespace
}  // namespace gbx
