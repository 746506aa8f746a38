#include "client/prepare/profile.h"

#include <gtest/gtest.h>

#include <initializer_list>

namespace gbx::prepare {
namespace {

ColumnProfile profile(std::initializer_list<const char*> values) {
  ColumnProfile out;
  for (const char* value : values) out.see(value, std::string_view(value).empty(), "US");
  return out;
}

TEST(Profile, TypesNarrowAndWiden) {
  EXPECT_EQ(profile({}).type().type, Type::text);
  EXPECT_EQ(profile({"", ""}).type().type, Type::text);
  EXPECT_EQ(profile({"0", "1"}).type().type, Type::integer);
  EXPECT_EQ(profile({"true", "f"}).type().type, Type::boolean);
  EXPECT_EQ(profile({"1", "2.5"}).type(), (ValueType{Type::decimal, 1}));
  EXPECT_EQ(profile({"2025-01-01", "2025-01-01 10:00:00"}).type().type, Type::timestamp);
  EXPECT_EQ(profile({"2025-01-01", "1"}).type().type, Type::text);
  EXPECT_EQ(profile({"1", "2025-01-01"}).type().type, Type::text);
  EXPECT_EQ(profile({"007"}).type().type, Type::text);
  EXPECT_EQ(profile({"0.5"}).type().type, Type::decimal);
}

TEST(Profile, RangesAreInTheTypesUnit) {
  EXPECT_EQ(profile({"-5", "7"}).low(), -5);
  EXPECT_EQ(profile({"-5", "7"}).high(), 7);
  EXPECT_EQ(profile({"1.5", "-2.25"}).low(), -225);
  EXPECT_EQ(profile({"1970-01-02"}).high(), 1);
}

TEST(Profile, CountsKindsAndDistinctValues) {
  EXPECT_TRUE(profile({"a@x.com", "b@x.com", ""}).mostly(Pii::email));
  EXPECT_TRUE(profile({"a@x.com", ""}).nullable());
  EXPECT_FALSE(profile({"a@x.com", "no", "no"}).mostly(Pii::email));
  EXPECT_TRUE(profile({"1", "2", "3"}).nearly_unique());
  EXPECT_FALSE(profile({"1", "2", "1"}).nearly_unique());
  EXPECT_TRUE(profile({"6172531000"}).mostly(Pii::phone));
}

TEST(Profile, ForgetsTheValuesWhenThereAreMany) {
  ColumnProfile out;
  for (int i = 0; i < 100; i++) out.see("v" + std::to_string(i), false, "");
  EXPECT_FALSE(out.has_few());
  EXPECT_LE(out.few().size(), ColumnProfile::kDistinctKept + 1);
}

}  // namespace
}  // namespace gbx::prepare
