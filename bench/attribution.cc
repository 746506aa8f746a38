#include "bench/attribution.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "engine/merge/merge.h"
#include "trusted/base/json.h"
#include "trusted/crypto/entropy.h"
#include "trusted/snapshot/writer.h"

namespace gbx::bench {
namespace {

constexpr std::int64_t kCampaigns = 50;
constexpr std::int64_t kFirstDay = 20000;
constexpr std::int64_t kDays = 60;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

Held hold(int file, int manifest_file) {
  Held out;
  Bytes text(static_cast<std::size_t>(::lseek(manifest_file, 0, SEEK_END)));
  GBX_CHECK(::pread(manifest_file, text.data(), text.size(), 0) ==
            static_cast<ssize_t>(text.size()));
  out.manifest = snapshot::decode(Json::parse_canonical(as_text(text)).value()).value();
  out.source = std::make_shared<enclave::FileSource>(enclave::Descriptor(::dup(file)));
  crypto::SystemEntropy entropy;
  const auto opened = snapshot::Snapshot::open(out.manifest, bench_key(), out.source, entropy);
  GBX_CHECK(opened.has_value());
  out.marks = (*opened)->marks().copy();
  return out;
}

}  // namespace

Side Side::make(bool purchases, std::uint64_t rows) {
  return {purchases, rows / 2, purchases ? rows / 4 : 0};
}

std::uint64_t Side::rows_of(std::uint64_t user) const {
  return 1 + mix(user * 2 + (purchases ? 1 : 0)) % 3;
}

std::int64_t Side::value(std::uint64_t user, std::uint64_t row, int column) const {
  const std::uint64_t random = mix(mix(user * 8 + row) + (purchases ? 77 : 33)) >> (column * 24);
  const bool day = purchases == (column == 0);
  const std::uint64_t size = day ? kDays : (purchases ? 50'000 : kCampaigns);
  return static_cast<std::int64_t>((random & 0xffffff) % size) + (day ? kFirstDay : 0);
}

std::uint64_t token_high(std::uint64_t user) { return mix(user ^ 0x5bd1e995) >> 2; }
std::uint64_t token_low(std::uint64_t user) { return mix(user + 0x1234567) >> 1; }

std::string campaign_name(std::int64_t code) {
  return "campaign-" + std::string(code < 10 ? "0" : "") + std::to_string(code);
}

namespace {

Token token_of(std::uint64_t user) {
  Token out{};
  for (std::size_t i = 0; i < 8; i++) {
    out[i] = static_cast<std::uint8_t>(token_high(user) >> (56 - 8 * i));
    out[8 + i] = static_cast<std::uint8_t>(token_low(user) >> (56 - 8 * i));
  }
  return out;
}

snapshot::SnapshotManifest manifest_of(const Side& side) {
  snapshot::SnapshotManifest out;
  out.table = side.purchases ? "purchases" : "exposures";
  out.owner = "owner";
  out.collaboration = "00112233445566778899aabbccddeeff";
  out.person = "person";
  out.identifier = "email";
  out.rows_per_person = 3;
  out.lineage.tool = "bench";
  out.created = 1;
  out.expires = 2;
  const auto column = [](std::string name, ValueType type, std::int64_t low, std::int64_t high) {
    snapshot::ManifestColumn made;
    made.name = std::move(name);
    made.type = type;
    made.bounded = type.type != Type::text;
    made.low = low;
    made.high = high;
    return made;
  };
  out.columns.push_back(column("person", {Type::text, 0}, 0, 0));
  out.columns[0].label = Label::person;
  if (!side.purchases) out.columns.push_back(column("campaign", {Type::text, 0}, 0, 0));
  out.columns.push_back(column("day", {Type::date, 0}, kFirstDay, kFirstDay + kDays));
  if (side.purchases) out.columns.push_back(column("cents", {Type::decimal, 2}, 0, 50'000));
  return out;
}

class FileSink final : public snapshot::ChunkSink {
 public:
  explicit FileSink(int file) : file_(file) {}
  Status write(ByteView bytes) noexcept override {
    while (!bytes.empty()) {
      const ssize_t done = ::write(file_, bytes.data(), bytes.size());
      if (done <= 0) return Error{ErrorCode::unavailable, "sink_full"};
      bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return {};
  }

 private:
  int file_;
};

std::vector<std::uint64_t> users_by_token(const Side& side) {
  std::vector<std::uint64_t> users(side.users);
  for (std::uint64_t i = 0; i < side.users; i++) users[i] = side.first_user + i;
  std::sort(users.begin(), users.end(), [](std::uint64_t a, std::uint64_t b) {
    return std::pair(token_high(a), token_low(a)) < std::pair(token_high(b), token_low(b));
  });
  return users;
}

// Gathers rows in the order of tokens into blocks.
class BlockWriter {
 public:
  BlockWriter(std::uint32_t rows_per_block, std::function<void(const snapshot::Block&)> take)
      : rows_per_block_(rows_per_block), take_(std::move(take)) {
    clear();
  }
  void add(std::uint64_t user, std::int64_t first, std::int64_t second) {
    if (block_.columns[0].values.size() == rows_per_block_) flush();
    if (block_.persons.empty() || user != user_) {
      block_.persons.push_back(token_of(user));
      block_.row_begin.push_back(static_cast<std::uint32_t>(block_.columns[0].values.size()));
      user_ = user;
    }
    block_.columns[0].values.push_back(first);
    block_.columns[1].values.push_back(second);
  }
  void flush() {
    block_.row_begin.push_back(static_cast<std::uint32_t>(block_.columns[0].values.size()));
    take_(block_);
    clear();
  }

 private:
  void clear() {
    block_ = {};
    block_.columns.resize(2);
  }
  std::uint32_t rows_per_block_;
  std::function<void(const snapshot::Block&)> take_;
  snapshot::Block block_;
  std::uint64_t user_ = 0;
};

void each_row(const Side& side, const std::vector<std::uint64_t>& users,
              const std::function<void(std::uint64_t, std::int64_t, std::int64_t)>& take) {
  for (const std::uint64_t user : users) {
    for (std::uint64_t row = 0; row < side.rows_of(user); row++) {
      take(user, side.value(user, row, 0), side.value(user, row, 1));
    }
  }
}

sql::Expression column(std::uint32_t relation, std::uint32_t index, ValueType type,
                       std::int64_t low, std::int64_t high) {
  sql::Expression e;
  e.op = sql::Op::column;
  e.relation = relation;
  e.column = index;
  e.type = type;
  e.low = low;
  e.high = high;
  return e;
}

}  // namespace

crypto::AeadKey bench_key() { return crypto::AeadKey({1}); }

void seal(const Side& side, int file, int manifest_file) {
  const std::vector<std::uint64_t> users = users_by_token(side);
  snapshot::SnapshotManifest manifest = manifest_of(side);
  snapshot::WriterPlan plan;
  plan.persons = users.size();
  plan.ranges = {{0, 0}, {0, 0}};
  plan.dictionaries.resize(2);
  for (std::int64_t i = 0; i < kCampaigns && !side.purchases; i++) {
    plan.dictionaries[0].push_back(campaign_name(i));
  }
  BlockWriter counting(plan.rows_per_block, [&](const snapshot::Block& block) {
    plan.rows += block.rows();
    plan.block_persons_max =
        std::max(plan.block_persons_max, static_cast<std::uint32_t>(block.persons.size()));
  });
  each_row(side, users, [&](auto user, auto a, auto b) { counting.add(user, a, b); });
  counting.flush();
  FileSink sink(file);
  auto writer = snapshot::SnapshotWriter::create(manifest, plan, bench_key(), sink);
  GBX_CHECK(writer.has_value());
  BlockWriter writing(plan.rows_per_block, [&](const snapshot::Block& block) {
    GBX_CHECK(writer->add_block(block).has_value());
  });
  each_row(side, users, [&](auto user, auto a, auto b) { writing.add(user, a, b); });
  writing.flush();
  auto summary = writer->finish();
  GBX_CHECK(summary.has_value());
  manifest.stream = *summary;
  FileSink manifests(manifest_file);
  GBX_CHECK(manifests.write(as_bytes(snapshot::encode(manifest).canonical())).has_value());
}

std::vector<Held> seal_both(std::uint64_t rows) {
  std::vector<int> files;
  for (int i = 0; i < 4; i++) files.push_back(::memfd_create("sealed", 0));
  const pid_t child = ::fork();
  if (child == 0) {
    seal(Side::make(false, rows), files[0], files[1]);
    seal(Side::make(true, rows), files[2], files[3]);
    ::_exit(0);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  GBX_CHECK(status == 0);
  std::vector<Held> out;
  for (std::size_t i = 0; i < files.size(); i += 2) out.push_back(hold(files[i], files[i + 1]));
  return out;
}

OpenTables::OpenTables(const std::vector<Held>& held) {
  for (const Held& one : held) {
    opened_.push_back(std::move(
        *snapshot::Snapshot::reopen(one.manifest, bench_key(), one.source, one.marks.copy())));
  }
}

std::vector<const snapshot::Table*> OpenTables::first(std::size_t count) const {
  std::vector<const snapshot::Table*> out;
  for (std::size_t i = 0; i < count; i++) out.push_back(opened_[i].get());
  return out;
}

std::vector<sql::GroupRow> merge(const sql::Task& task, const std::vector<Held>& held,
                                 std::uint32_t threads) {
  const OpenTables tables(held);
  auto rows = engine::run_merge(task, tables.first(task.tables.size()), {.threads = threads});
  GBX_CHECK(rows.has_value());
  return std::move(*rows);
}

std::uint64_t run_plain(engine::Database& database, const std::string& sql) {
  std::uint64_t rows = 0;
  GBX_CHECK(database.query(sql, nullptr, [&](duckdb_data_chunk chunk) {
    rows += duckdb_data_chunk_get_size(chunk);
    return Status{};
  }));
  return rows;
}

sql::Task attribution() {
  sql::Task task;
  task.tables = {"exposures", "purchases"};
  task.has_filter = true;
  task.filter.op = sql::Op::less;
  task.filter.type = {Type::boolean, 0};
  task.filter.children = {column(0, 1, {Type::date, 0}, kFirstDay, kFirstDay + kDays),
                          column(1, 0, {Type::date, 0}, kFirstDay, kFirstDay + kDays)};
  task.groups = {column(0, 0, {Type::text, 0}, 0, 0)};
  sql::Measure sum;
  sum.kind = sql::MeasureKind::sum;
  sum.argument = column(1, 1, {Type::decimal, 2}, 0, 50'000);
  sum.row_high = 50'000;
  sum.high = 200'000;
  task.measures = {sum};
  task.groups_per_person = 3;
  task.sampling = {.a = 1234567, .b = 7654321, .d = 99};
  return task;
}

}  // namespace gbx::bench
