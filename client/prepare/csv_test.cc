#include "client/prepare/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/prepare/failure.h"
#include "client/prepare/prepare_fixture.h"

namespace gbx::prepare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Read {
  std::vector<std::vector<std::string>> rows;  // accepted
  std::vector<std::uint64_t> lines;            // of those
  std::vector<std::pair<std::uint64_t, Reject>> rejected;
};

Read read_csv(const std::string& text, std::optional<Dialect> dialect = {},
              std::size_t batch_bytes = std::size_t{1} << 20) {
  const TestFolder folder;
  CsvSource source(folder.write("t.csv", text), dialect, batch_bytes);
  CsvReader reader(source.dialect(), source.header().size());
  Read out;
  Batch batch;
  Row row;
  while (source.next(batch)) {
    reader.start(batch);
    while (reader.next(row)) {
      if (row.rejected) {
        out.rejected.emplace_back(row.line, row.reject);
        continue;
      }
      out.lines.push_back(row.line);
      out.rows.emplace_back();
      for (const Field& field : row.fields) out.rows.back().emplace_back(field.text);
    }
  }
  return out;
}

std::string failure_of(const std::string& text) {
  try {
    read_csv(text);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(Csv, ReadsPlainRows) {
  const Read read = read_csv("a,b\n1,x\n2,\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1", "x"), ElementsAre("2", "")));
  EXPECT_THAT(read.lines, ElementsAre(2, 3));
}

TEST(Csv, TheLastLineNeedsNoNewline) {
  EXPECT_THAT(read_csv("a,b\n1,x").rows, ElementsAre(ElementsAre("1", "x")));
  EXPECT_THAT(read_csv("a,b\n1,").rows, ElementsAre(ElementsAre("1", "")));
  EXPECT_THAT(read_csv("a\n\"x\"").rows, ElementsAre(ElementsAre("x")));
}

TEST(Csv, ReadsCrlfAndBom) {
  EXPECT_THAT(read_csv("\xEF\xBB\xBF"
                       "a,b\r\n1,x\r\n\"2\",\"y\"\r\n")
                  .rows,
              ElementsAre(ElementsAre("1", "x"), ElementsAre("2", "y")));
}

TEST(Csv, SkipsEmptyLinesAndCountsThem) {
  const Read read = read_csv("a,b\n\n1,x\r\n\r\n2,y\n");
  EXPECT_THAT(read.lines, ElementsAre(3, 5));
}

TEST(Csv, ReadsQuotes) {
  const Read read = read_csv("a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"\",\"\"\"\"\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("x,y", "say \"hi\""), ElementsAre("", "\"")));
}

TEST(Csv, NewlinesInsideQuotesKeepLineNumbersTrue) {
  const Read read = read_csv("a,b\n\"1\n1\",\"x\r\ny\"\n2,z\n");
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("1\n1", "x\r\ny"), ElementsAre("2", "z")));
  EXPECT_THAT(read.lines, ElementsAre(2, 5));
}

TEST(Csv, AQuoteInsideAnUnquotedFieldIsACharacter) {
  EXPECT_THAT(read_csv("a,b\n5\" pipe,x\"y\"\n1,2\n").rows,
              ElementsAre(ElementsAre("5\" pipe", "x\"y\""), ElementsAre("1", "2")));
}

TEST(Csv, TextAfterAClosingQuoteRejectsTheRow) {
  const Read read = read_csv("a,b\n\"x\"y,1\n2,\"z\" \n3,w\n");
  EXPECT_THAT(read.rejected, ElementsAre(std::pair(2, Reject::quote_malformed),
                                         std::pair(3, Reject::quote_malformed)));
  EXPECT_THAT(read.rows, ElementsAre(ElementsAre("3", "w")));
}

TEST(Csv, WrongFieldCountsRejectTheRow) {
  const Read read = read_csv("a,b\n1\n1,2,3\n1,2\n");
  EXPECT_THAT(read.rejected, ElementsAre(std::pair(2, Reject::field_count_wrong),
                                         std::pair(3, Reject::field_count_wrong)));
  EXPECT_EQ(read.rows.size(), 1U);
}

TEST(Csv, BytesThatAreNoUtf8RejectTheRow) {
  const Read read = read_csv("a,b\n1,\xC3\xA4\n2,\xFF\n");
  EXPECT_THAT(read.rejected, ElementsAre(std::pair(3, Reject::not_utf8)));
  EXPECT_EQ(read.rows.size(), 1U);
}

TEST(Csv, ANulByteRejectsTheRow) {
  const Read read = read_csv(std::string("a,b\n1,x\0y\n2,z\n", 14));
  EXPECT_THAT(read.rejected, ElementsAre(std::pair(2, Reject::nul_byte)));
}

TEST(Csv, SniffsTheDelimiter) {
  EXPECT_EQ(sniff_dialect("a,b\n1,2\n").delimiter, ',');
  EXPECT_EQ(sniff_dialect("a;b\n1,5;2\n").delimiter, ';');
  EXPECT_EQ(sniff_dialect("a\tb\n1\t2\n").delimiter, '\t');
  EXPECT_EQ(sniff_dialect("a|b\n1|2\n").delimiter, '|');
  EXPECT_EQ(sniff_dialect("a\n1\n").delimiter, ',');
  EXPECT_EQ(sniff_dialect("a;\"b,c,d,e\"\n1;\"2,3,4,5\"\n").delimiter, ';');
}

TEST(Csv, TheDialectOfTheManifestWins) {
  EXPECT_THAT(read_csv("a;b\n'x;y';2\n", Dialect{.delimiter = ';', .quote = '\''}).rows,
              ElementsAre(ElementsAre("x;y", "2")));
}

TEST(Csv, EmptyFilesAndHeadersAreToldApart) {
  EXPECT_THAT(failure_of(""), HasSubstr("is empty"));
  EXPECT_EQ(failure_of("a,b\n"), "");
  EXPECT_TRUE(read_csv("a,b\n").rows.empty());
  EXPECT_TRUE(read_csv("a,b").rows.empty());
}

TEST(Csv, HeadersThatMakeNoSense) {
  EXPECT_THAT(failure_of("a,a\n1,2\n"), HasSubstr("two columns are named \"a\""));
  EXPECT_THAT(failure_of("a,\n1,2\n"), HasSubstr("a column has no name"));
  EXPECT_THAT(failure_of("a,\xFF\n1,2\n"), HasSubstr("not UTF-8"));
  EXPECT_THAT(failure_of("a,b\r1,2\r"), HasSubstr("CR alone"));
}

TEST(Csv, AQuotedHeaderNamesColumnsToo) {
  const TestFolder folder;
  CsvSource source(folder.write("t.csv", "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\n1,2,3\n"));
  EXPECT_THAT(source.header(), ElementsAre("a,b", "say \"hi\"", "two\nlines"));
  EXPECT_THAT(failure_of("\"a\",a\n1,2\n"), HasSubstr("two columns are named \"a\""));
}

TEST(Csv, WhatIsNoCsvIsSaidToBeWhatItIs) {
  EXPECT_THAT(failure_of("\x1F\x8B\x08 rest\n"), HasSubstr("gunzip"));
  EXPECT_THAT(failure_of("PK\x03\x04 rest\n"), HasSubstr("spreadsheet"));
  EXPECT_THAT(failure_of("PAR1 rest\n"), HasSubstr("format: parquet"));
  EXPECT_THAT(failure_of("\xFF\xFE rest\n"), HasSubstr("iconv -f UTF-16"));
  EXPECT_THAT(failure_of("na\xEFve,b\n1,2\n"), HasSubstr("iconv -f ISO-8859-1"));
}

TEST(Csv, TheContentIsHashedAsItIsRead) {
  const TestFolder folder;
  for (const std::string& text : {std::string("a\n1\n"), "\xEF\xBB\xBF" + std::string("a\n1\n2\n"),
                                  "a\n" + std::string(kRowBytesMax + 5, 'x') + "\n3\n"}) {
    CsvSource source(folder.write("t.csv", text), {}, 16);
    Batch batch;
    while (source.next(batch)) {
    }
    EXPECT_EQ(source.content(), crypto::sha256(to_bytes(text)));
  }
}

TEST(Csv, TenThousandColumnsAreReadAndOneMoreIsNot) {
  std::string header = "c0";
  std::string row = "0";
  for (int i = 1; i < 10'000; i++) {
    header += ",c" + std::to_string(i);
    row += "," + std::to_string(i);
  }
  const Read read = read_csv(header + "\n" + row + "\n");
  ASSERT_EQ(read.rows.size(), 1U);
  EXPECT_EQ(read.rows[0].size(), 10'000U);
  EXPECT_THAT(failure_of(header + ",more\n"), HasSubstr("10001 columns; the limit is 10000"));
}

TEST(Csv, AMissingFileIsNamed) { EXPECT_THROW(CsvSource("/nowhere/at-all.csv"), Failure); }

TEST(Csv, AQuoteThatIsNeverClosedIsNamedWithItsLine) {
  EXPECT_THAT(failure_of("a,b\n1,x\n2,\"y\n3,z\n"), HasSubstr("line 3 is never closed"));
}

// A record that fits no buffer goes, and everything after it is read.
TEST(Csv, ARecordOverTheLimitIsRejectedInBoundedMemory) {
  for (const bool quoted : {false, true}) {
    const std::string cell(kRowBytesMax * 2 + 12345, 'x');
    const std::string text = "a,b\n1,2\n3," +
                             (quoted ? "\"" + cell + "\n\"\"" + cell + "\"" : cell) +
                             "\n4,5\n\"6\",7\n";
    const Read read = read_csv(text);
    EXPECT_THAT(read.rejected, ElementsAre(std::pair(3, Reject::row_too_long)));
    EXPECT_THAT(read.rows,
                ElementsAre(ElementsAre("1", "2"), ElementsAre("4", "5"), ElementsAre("6", "7")));
    EXPECT_THAT(read.lines, ElementsAre(2, quoted ? 5 : 4, quoted ? 6 : 5));
  }
}

TEST(Csv, ALongRecordAtTheEndIsRejectedToo) {
  const Read read = read_csv("a,b\n1," + std::string(kRowBytesMax + 100, 'x'));
  EXPECT_THAT(read.rejected, ElementsAre(std::pair(2, Reject::row_too_long)));
}

// Whatever the size of the batches, the rows are the same.
TEST(Csv, BatchesCutNothing) {
  std::string text = "a,b,c\n";
  for (int i = 0; i < 500; i++) {
    text += std::to_string(i) + ",\"q" + (i % 3 == 0 ? "\"\"" : "") + (i % 5 == 0 ? "\n" : "") +
            "\"," + (i % 7 == 0 ? "x\"y" : "z") + (i % 2 == 0 ? "\r\n" : "\n");
  }
  const Read whole = read_csv(text);
  EXPECT_EQ(whole.rows.size(), 500U);
  for (const std::size_t bytes : {16U, 17U, 64U, 1000U}) {
    const Read pieces = read_csv(text, {}, bytes);
    EXPECT_EQ(pieces.rows, whole.rows) << bytes;
    EXPECT_EQ(pieces.lines, whole.lines) << bytes;
  }
}

// The fast cut against the grammar, byte by byte, over all short texts of the telling characters.
TEST(Csv, TheCutFollowsTheGrammar) {
  constexpr std::string_view kAlphabet = "\",\nx";
  for (std::size_t number = 0; number < 4 * 4 * 4 * 4 * 4 * 4 * 4; number++) {
    std::string text;
    for (std::size_t rest = number, i = 0; i < 7; i++, rest /= 4) text += kAlphabet[rest % 4];
    std::size_t whole = 0;
    bool in_quotes = false;
    for (std::size_t at = 0; at < text.size();) {
      RecordScanner scanner(Dialect{});
      at += scanner.scan(std::string_view(text).substr(at));
      if (scanner.at_end()) whole = at;
      in_quotes = scanner.in_quotes();
    }
    const RecordCut cut = cut_records(text, Dialect{});
    ASSERT_EQ(cut.whole, whole) << testing::PrintToString(text);
    ASSERT_EQ(cut.in_quotes, in_quotes) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace gbx::prepare
