#include "enclave/worker_job.h"

#include <gtest/gtest.h>

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "worker_failed"};

sql::Task task() {
  sql::Task out;
  out.tables = {"t"};
  out.groups.resize(2);
  out.measures.resize(2);
  out.measures[1].kind = sql::MeasureKind::histogram;
  out.groups_max = 3;
  return out;
}

std::vector<sql::GroupRow> rows() {
  const Int128 large = (Int128{1} << 100) + 7;
  return {{.key = {std::string("n\xC3\xB6"), std::int64_t{-5}},
           .persons = 3,
           .sums = {large, 9},
           .histograms = {{{2, 4}, {65535, 5}}}},
          {.key = {Cell(), Cell()}, .persons = 1, .sums = {-large, 0}, .histograms = {{}}}};
}

TEST(WorkerJob, RowsComeBackAsTheyWere) {
  const auto decoded = decode_rows(encode_rows(rows()), task());
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->size(), 2U);
  for (std::size_t i = 0; i < 2; i++) {
    EXPECT_TRUE((*decoded)[i].key == rows()[i].key);
    EXPECT_EQ((*decoded)[i].persons, rows()[i].persons);
    EXPECT_TRUE((*decoded)[i].sums == rows()[i].sums);
    EXPECT_TRUE((*decoded)[i].histograms == rows()[i].histograms);
  }
}

TEST(WorkerJob, EveryCutAnswerIsRefused) {
  const Bytes whole = encode_rows(rows());
  for (std::size_t size = 0; size < whole.size(); size++) {
    EXPECT_EQ(decode_rows(ByteView(whole).first(size), task()).error(), kFailed) << size;
  }
}

TEST(WorkerJob, BytesAfterTheRowsAreRefused) {
  Bytes longer = encode_rows(rows());
  longer.push_back(0);
  EXPECT_EQ(decode_rows(longer, task()).error(), kFailed);
}

TEST(WorkerJob, MoreGroupsThanTheTaskAllowsAreRefused) {
  sql::Task few = task();
  few.groups_max = 1;
  EXPECT_EQ(decode_rows(encode_rows(rows()), few).error(), kFailed);
}

TEST(WorkerJob, RowsOfAnotherShapeAreRefused) {
  sql::Task other = task();
  other.measures.resize(3);
  EXPECT_EQ(decode_rows(encode_rows(rows()), other).error(), kFailed);
  other = task();
  other.groups.clear();
  EXPECT_EQ(decode_rows(encode_rows(rows()), other).error(), kFailed);
}

TEST(WorkerJob, MoreBinsThanThereAreBytesOrBinsAreRefused) {
  sql::Task ungrouped = task();
  ungrouped.groups.clear();
  std::vector<sql::GroupRow> one = {{.key = {}, .persons = 1, .sums = {0, 0}, .histograms = {{}}}};
  one[0].histograms[0].resize(sql::kBinsMax);
  EXPECT_TRUE(decode_rows(encode_rows(one), ungrouped));
  one[0].histograms[0].resize(sql::kBinsMax + 1);
  EXPECT_EQ(decode_rows(encode_rows(one), ungrouped).error(), kFailed);
  one[0].histograms[0].resize(1);
  Bytes bytes = encode_rows(one);
  bytes[bytes.size() - 16] = 2;  // the count
  EXPECT_EQ(decode_rows(bytes, ungrouped).error(), kFailed);
}

TEST(WorkerJob, AnUnknownCellIsRefused) {
  Bytes bytes = encode_rows(rows());
  bytes[5] = 3;  // the first cell's tag
  EXPECT_EQ(decode_rows(bytes, task()).error(), kFailed);
}

TEST(WorkerJob, AMalformedRequestIsRefused) {
  const Error malformed{ErrorCode::invalid_argument, "job_malformed"};
  EXPECT_EQ(decode_run({}).error(), malformed);
  Writer many;
  many.block("{}");
  many.u32(kTablesMax + 1);
  EXPECT_EQ(decode_run(many.bytes()).error(), malformed);
}

}  // namespace
}  // namespace gbx::enclave
