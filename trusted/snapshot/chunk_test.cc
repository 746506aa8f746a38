#include "trusted/snapshot/chunk.h"

#include <gtest/gtest.h>

#include <limits>

#include "trusted/snapshot/snapshot_fixture.h"

namespace gbx::snapshot {
namespace {

constexpr BlockShape kShape{
    .rows = 5, .rows_per_block = 16, .persons = 2, .persons_per_block = 3, .rows_per_person = 4};

Block two_persons() {
  Block block;
  block.persons = {test_token(1), test_token(2)};
  block.row_begin = {0, 4, 5};
  return block;
}

Bytes persons_chunk() {
  Bytes out;
  encode_persons(two_persons(), kShape, out);
  return out;
}

TEST(PersonsChunk, ComesBack) {
  Block out;
  ASSERT_TRUE(decode_persons(persons_chunk(), kShape, out));
  EXPECT_EQ(out.persons, two_persons().persons);
  EXPECT_EQ(out.row_begin, two_persons().row_begin);
}

TEST(PersonsChunk, LongRunsTakeTwoBytes) {
  BlockShape shape = kShape;
  shape.rows = shape.rows_per_block = 1024;
  shape.rows_per_person = 1000;
  Block block = two_persons();
  block.row_begin = {0, 1000, 1024};
  Bytes bytes;
  encode_persons(block, shape, bytes);
  EXPECT_EQ(bytes.size(), 3U * 18U);
  Block out;
  ASSERT_TRUE(decode_persons(bytes, shape, out));
  EXPECT_EQ(out.row_begin, block.row_begin);
}

struct WrongPersons {
  const char* name;
  void (*change)(Bytes&);
};
class WrongPersonsChunk : public testing::TestWithParam<WrongPersons> {};

TEST_P(WrongPersonsChunk, IsRefused) {
  Bytes bytes = persons_chunk();
  GetParam().change(bytes);
  Block out;
  const Status status = decode_persons(bytes, kShape, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), (Error{ErrorCode::invalid_argument, "persons_malformed"}));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongPersonsChunk,
    testing::Values(WrongPersons{"short", [](Bytes& b) { b.pop_back(); }},
                    WrongPersons{"long", [](Bytes& b) { b.push_back(0); }},
                    WrongPersons{"same_person_twice", [](Bytes& b) { b[16 + 7] = 1; }},
                    WrongPersons{"descending", [](Bytes& b) { b[16 + 7] = 0; }},
                    WrongPersons{"spare_token", [](Bytes& b) { b[40] = 1; }},
                    WrongPersons{"spare_run", [](Bytes& b) { b[50] = 1; }},
                    WrongPersons{"too_few_rows", [](Bytes& b) { b[48] = 2; }},
                    WrongPersons{"too_many_rows", [](Bytes& b) { b[49] = 1; }},
                    WrongPersons{"over_the_cap",
                                 [](Bytes& b) {
                                   b[48] = 4;
                                   b[49] = 255;
                                 }}),
    [](const testing::TestParamInfo<WrongPersons>& wrong) { return wrong.param.name; });

// A cap that holds in sum, broken by one person.
TEST(PersonsChunk, OnePersonOverTheCap) {
  BlockShape shape = kShape;
  shape.rows_per_person = 3;
  Block out;
  EXPECT_FALSE(decode_persons(persons_chunk(), shape, out));
}

const ColumnInfo kNullable{"c", {Type::integer, 0}, true};
const ColumnInfo kPresent{"c", {Type::integer, 0}, false};
const ColumnInfo kText{"c", {Type::text, 0}, true};

class ColumnWidths : public testing::TestWithParam<std::pair<std::int64_t, std::int64_t>> {};

TEST_P(ColumnWidths, ComeBack) {
  const auto [low, high] = GetParam();
  const ColumnFrame frame{.low = low, .high = high};
  const ColumnData data{{low, high, low, high, low}, {}};
  Bytes bytes;
  encode_column(data, kShape, frame, kPresent, bytes);
  EXPECT_EQ(bytes.size(), 16U * frame.width());
  ColumnData out;
  ASSERT_TRUE(decode_column(bytes, kShape, frame, kPresent, out));
  EXPECT_EQ(out.width, frame.width());
  EXPECT_EQ(out.packed.size(), 5U * frame.width());
  unpack(out);
  EXPECT_EQ(out.values, data.values);
  EXPECT_TRUE(out.valid.empty());
}

INSTANTIATE_TEST_SUITE_P(All, ColumnWidths,
                         testing::Values(std::pair<std::int64_t, std::int64_t>(-3, 250),
                                         std::pair(-70, 300), std::pair(0, 70000),
                                         std::pair(std::numeric_limits<std::int64_t>::min(),
                                                   std::numeric_limits<std::int64_t>::max())));

TEST(ColumnChunk, NullsComeBackAsZero) {
  const ColumnFrame frame{.low = -5, .high = 100};
  const ColumnData data{{-5, 99, 7, 3, 100}, {1, 0, 1, 0, 1}};
  Bytes bytes;
  encode_column(data, kShape, frame, kNullable, bytes);
  ColumnData out;
  ASSERT_TRUE(decode_column(bytes, kShape, frame, kNullable, out));
  unpack(out);
  EXPECT_EQ(out.values, (std::vector<std::int64_t>{-5, 0, 7, 0, 100}));
  EXPECT_EQ(out.valid, data.valid);
  unpack(out);  // nothing more happens
  EXPECT_EQ(out.values.size(), 5U);
}

// The largest that fits, then one more, at every place of a chunk and in every width; and of a null
// every byte.
TEST(ColumnChunk, EveryNumberIsHeldAgainstTheFrame) {
  BlockShape shape = kShape;
  shape.rows_per_block = 64;
  shape.rows = 61;
  for (const std::int64_t span : {100L, 1000L, 100'000L, 10'000'000'000L}) {
    const ColumnFrame frame{.low = -7, .high = span - 7};
    ColumnData data{std::vector<std::int64_t>(shape.rows, -7),
                    std::vector<std::uint8_t>(shape.rows, 1)};
    data.valid[5] = 0;
    Bytes good;
    encode_column(data, shape, frame, kNullable, good);
    ColumnData out;
    for (std::size_t row = 0; row < shape.rows; row++) {
      for (std::size_t byte = 0; byte < frame.width(); byte++) {
        Bytes bytes = good;
        const std::int64_t inside = span >> (8 * byte);
        bytes[row * frame.width() + byte] = static_cast<std::uint8_t>(row == 5 ? 1 : inside);
        EXPECT_EQ(decode_column(bytes, shape, frame, kNullable, out).has_value(), row != 5);
      }
      Bytes bytes = good;
      for (std::size_t byte = 0; byte < frame.width(); byte++) {
        bytes[row * frame.width() + byte] = static_cast<std::uint8_t>((span + 1) >> (8 * byte));
      }
      EXPECT_FALSE(decode_column(bytes, shape, frame, kNullable, out)) << row;
    }
  }
}

struct WrongColumn {
  const char* name;
  void (*change)(Bytes&);
};
class WrongColumnChunk : public testing::TestWithParam<WrongColumn> {};

TEST_P(WrongColumnChunk, IsRefused) {
  const ColumnFrame frame{.low = 0, .high = 100};
  const ColumnData data{{1, 2, 3, 4, 5}, {1, 1, 0, 1, 1}};
  Bytes bytes;
  encode_column(data, kShape, frame, kNullable, bytes);
  GetParam().change(bytes);
  ColumnData out;
  const Status status = decode_column(bytes, kShape, frame, kNullable, out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error(), (Error{ErrorCode::invalid_argument, "column_malformed"}));
}

INSTANTIATE_TEST_SUITE_P(All, WrongColumnChunk,
                         testing::Values(WrongColumn{"short", [](Bytes& b) { b.pop_back(); }},
                                         WrongColumn{"long", [](Bytes& b) { b.push_back(0); }},
                                         WrongColumn{"out_of_bounds", [](Bytes& b) { b[0] = 101; }},
                                         WrongColumn{"value_of_a_null", [](Bytes& b) { b[2] = 1; }},
                                         WrongColumn{"spare_value", [](Bytes& b) { b[15] = 1; }},
                                         WrongColumn{"spare_bit", [](Bytes& b) { b[16] |= 0x20; }},
                                         WrongColumn{"spare_byte", [](Bytes& b) { b[17] = 1; }}),
                         [](const testing::TestParamInfo<WrongColumn>& wrong) {
                           return wrong.param.name;
                         });

TEST(ColumnChunk, ACodeWithoutADictionaryIsRefused) {
  const ColumnFrame frame{};
  Bytes bytes;
  encode_column({{0, 0, 0, 0, 0}, {0, 0, 0, 0, 0}}, kShape, frame, kText, bytes);
  ColumnData out;
  EXPECT_TRUE(decode_column(bytes, kShape, frame, kText, out));
  bytes[16] = 1;
  EXPECT_FALSE(decode_column(bytes, kShape, frame, kText, out));
}

TEST(ColumnChunkDeathTest, AValueOutsideItsFrameIsABug) {
  Bytes bytes;
  EXPECT_DEATH(
      encode_column({{0, 0, 0, 0, 101}, {}}, kShape, {.low = 0, .high = 100}, kPresent, bytes),
      "invariant broken");
}

Result<std::vector<std::string>> dictionary(const std::vector<std::string>& values,
                                            std::uint32_t entries,
                                            std::vector<std::string> domain = {}) {
  ManifestColumn column{.name = "c", .type = {Type::text, 0}, .domain = std::move(domain)};
  return decode_dictionary(encode_dictionary(values), {.entries = entries}, column);
}

TEST(Dictionary, ComesBack) {
  const std::vector<std::string> values = {"", "a", "ab", "b", "\xC3\xA4"};
  EXPECT_EQ(*dictionary(values, 5), values);
  EXPECT_TRUE(dictionary({}, 0)->empty());
}

TEST(Dictionary, RefusesDisorderAndWrongCounts) {
  EXPECT_FALSE(dictionary({"b", "a"}, 2));
  EXPECT_FALSE(dictionary({"a", "a"}, 2));
  EXPECT_FALSE(dictionary({"a", "b"}, 1));
  EXPECT_FALSE(dictionary({"a", "b"}, 3));
}

TEST(Dictionary, RefusesWhatIsNoText) {
  EXPECT_FALSE(dictionary({"\xFF"}, 1));
  EXPECT_FALSE(dictionary({std::string("a\0b", 3)}, 1));
  EXPECT_FALSE(dictionary({std::string(kTextBytesMax + 1, 'a')}, 1));
  EXPECT_TRUE(dictionary({std::string(kTextBytesMax, 'a')}, 1));
}

TEST(Dictionary, RefusesWhatTheDomainDoesNotHave) {
  EXPECT_TRUE(dictionary({"b"}, 1, {"a", "b"}));
  EXPECT_FALSE(dictionary({"c"}, 1, {"a", "b"}));
}

}  // namespace
}  // namespace gbx::snapshot
