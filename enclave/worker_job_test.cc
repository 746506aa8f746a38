#include "enclave/worker_job.h"

#include <gtest/gtest.h>

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "worker_failed"};

sql::Task task() {
  sql::Task out;
  out.tables = {"t"};
  out.groups.resize(2);
  out.measures.resize(1);
  out.groups_max = 3;
  return out;
}

std::vector<sql::GroupRow> rows() {
  const Int128 large = (Int128{1} << 100) + 7;
  return {{.key = {std::string("n\xC3\xB6"), std::int64_t{-5}}, .persons = 3, .sums = {large}},
          {.key = {Cell(), Cell()}, .persons = 1, .sums = {-large}}};
}

TEST(WorkerJob, RowsComeBackAsTheyWere) {
  const auto decoded = decode_rows(encode_rows(rows()), task());
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->size(), 2U);
  for (std::size_t i = 0; i < 2; i++) {
    EXPECT_TRUE((*decoded)[i].key == rows()[i].key);
    EXPECT_EQ((*decoded)[i].persons, rows()[i].persons);
    EXPECT_TRUE((*decoded)[i].sums == rows()[i].sums);
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
  other.measures.resize(2);
  EXPECT_EQ(decode_rows(encode_rows(rows()), other).error(), kFailed);
  other = task();
  other.groups.clear();
  EXPECT_EQ(decode_rows(encode_rows(rows()), other).error(), kFailed);
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
