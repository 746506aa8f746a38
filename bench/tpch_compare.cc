// TPC-H's queries 1, 3, 5, 6, 12, 14 and 19 with the customer as the person: the room's engine over
// sealed snapshots, each person bounded, against plain DuckDB over the same rows in memory, in
// interleaved rounds of one process. Answers are compared: the bounds bite nobody.
//
//   tpch_compare [--json FILE] [--customers N] [--rounds N] [--only Q6]
//
// 150,000 customers are scale factor 1. Ours is what a query costs after it was paid for: snapshots
// opened again, blocks decrypted and checked, joined, filtered, bounded, added. Both have two
// threads; times are processor time, as others use the machine.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "bench/report.h"
#include "bench/tpch.h"
#include "enclave/file_source.h"
#include "engine/duckdb/parse.h"
#include "engine/merge/merge.h"
#include "trusted/crypto/entropy.h"
#include "trusted/firewall/check.h"

namespace gbx::bench {
namespace {

using tpch::Name;
using Rows = std::vector<sql::GroupRow>;

constexpr std::uint32_t kThreads = 2;
constexpr std::uint64_t kBaselineMemory = std::uint64_t{6} << 30;
constexpr std::uint64_t kCustomersMax = 500'000;  // whose rows fit as they are

struct Settings {
  std::uint64_t customers = 150'000;
  std::uint32_t rounds = 7;
  std::string json;
  std::string only;
};

// A sealed table as a room holds it.
struct Held {
  snapshot::SnapshotManifest manifest;
  std::shared_ptr<enclave::FileSource> source;
  snapshot::Marks marks;
};

Held hold(const tpch::Sealed& sealed) {
  Held out;
  Bytes text(static_cast<std::size_t>(::lseek(sealed.manifest, 0, SEEK_END)));
  GBX_CHECK(::pread(sealed.manifest, text.data(), text.size(), 0) ==
            static_cast<ssize_t>(text.size()));
  out.manifest = snapshot::decode(Json::parse_canonical(as_text(text)).value()).value();
  out.source = std::make_shared<enclave::FileSource>(enclave::Descriptor(::dup(sealed.stream)));
  crypto::SystemEntropy entropy;
  const auto opened =
      snapshot::Snapshot::open(out.manifest, crypto::AeadKey({1}), out.source, entropy);
  GBX_CHECK(opened.has_value());
  out.marks = (*opened)->marks().copy();
  return out;
}

// Without a name, on a disk: memory files have small pages, which cost as much again to read.
int nameless_file() {
  const int file = ::open(std::filesystem::temp_directory_path().c_str(), O_TMPFILE | O_RDWR, 0600);
  GBX_CHECK(file >= 0);
  return file;
}

std::vector<Held> hold_all(std::uint64_t customers) {
  std::vector<tpch::Sealed> sealed;
  for (int i = 0; i < 3; i++) sealed.push_back({nameless_file(), nameless_file()});
  const pid_t child = ::fork();  // so that making them leaves no memory behind
  if (child == 0) {
    for (const Name name : {Name::customer, Name::orders, Name::lineitem}) {
      tpch::seal(tpch::table_of(name, customers), customers,
                 sealed[static_cast<std::size_t>(name)]);
    }
    ::_exit(0);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  GBX_CHECK(status == 0);
  std::vector<Held> out;
  for (const tpch::Sealed& one : sealed) {
    GBX_CHECK(::fsync(one.stream) == 0);  // nothing is written while it is measured
    out.push_back(hold(one));
  }
  return out;
}

const Held& find(const std::vector<Held>& held, const std::string& table) {
  for (const Held& one : held) {
    if (one.manifest.table == table) return one;
  }
  GBX_CHECK(false);
  return held[0];
}

Rows merge(const sql::Task& task, const std::vector<Held>& held) {
  std::vector<std::unique_ptr<snapshot::Snapshot>> opened;
  std::vector<const snapshot::Table*> tables;
  for (const std::string& table : task.tables) {
    const Held& one = find(held, table);
    opened.push_back(std::move(*snapshot::Snapshot::reopen(one.manifest, crypto::AeadKey({1}),
                                                           one.source, one.marks.copy())));
    tables.push_back(opened.back().get());
  }
  auto rows = engine::run_merge(task, tables, {.threads = kThreads});
  if (!rows) std::fprintf(stderr, "%s\n", std::string(rows.error().reason.view()).c_str());
  GBX_CHECK(rows.has_value());
  return std::move(*rows);
}

// What the room makes of the text.
sql::Task task_of(engine::Database& parser, const std::string& text,
                  const policy::VerifiedPolicy& policy) {
  const auto ast = engine::parse_sql(parser, text);
  GBX_CHECK(ast.has_value());
  auto checked = firewall::admit(*ast, text, policy, {.member = "shopgood"});
  if (!checked) {
    std::fprintf(stderr, "%s\nrefused: %s at %u..%u\n", text.c_str(),
                 std::string(checked.error().reason.view()).c_str(), checked.error().where.begin,
                 checked.error().where.end);
  }
  GBX_CHECK(checked.has_value());
  sql::Task out = checked->task();
  out.sampling = {.a = 1234567, .b = 7654321, .d = 99};
  return out;
}

std::int64_t run_plain(engine::Database& database, const std::string& sql) {
  std::int64_t first = 0;
  GBX_CHECK(database.query(sql, nullptr, [&](duckdb_data_chunk chunk) {
    const duckdb_vector column = duckdb_data_chunk_get_vector(chunk, 0);
    if (duckdb_data_chunk_get_size(chunk) == 0) return Status{};
    first = *static_cast<const std::int64_t*>(duckdb_vector_get_data(column));
    return Status{};
  }));
  return first;
}

// Whether a sum of the task, over all groups, is `expected`; measures stand in no order.
bool has_sum(const sql::Task& task, const Rows& rows, std::int64_t expected) {
  for (std::size_t m = 0; m < task.measures.size(); m++) {
    Int128 sum = 0;
    for (const sql::GroupRow& row : rows) sum += row.sums[m];
    if (sum == expected) return true;
  }
  return false;
}

Line measure(const tpch::Query& query, const sql::Task& task, const std::vector<Held>& held,
             engine::Database& database, const Settings& settings) {
  GBX_CHECK(has_sum(task, merge(task, held), run_plain(database, query.check)));
  Line out{query.name, "goal 2", {}, {}};
  for (std::uint32_t round = 0; round <= settings.rounds; round++) {
    const double a = processor_seconds_of([&] { static_cast<void>(merge(task, held)); });
    const double b = processor_seconds_of([&] { run_plain(database, query.plain); });
    if (round == 0) continue;  // memory is warm after it
    out.ours.push_back(a);
    out.baseline.push_back(b);
  }
  return out;
}

// The geometric mean of the queries' ratios, round by round.
Line mean_of(const std::vector<Line>& lines) {
  Line out{"geometric mean", "goal 1", {}, {}, "x"};
  for (std::size_t round = 0; round < lines[0].ours.size(); round++) {
    double sum = 0;
    for (const Line& line : lines) sum += std::log(line.ours[round] / line.baseline[round]);
    out.ours.push_back(std::exp(sum / static_cast<double>(lines.size())));
    out.baseline.push_back(1);
  }
  return out;
}

int run(const Settings& settings) {
  const std::vector<Held> held = hold_all(settings.customers);
  const auto database =
      std::move(*engine::Database::open({.threads = kThreads, .memory_bytes = kBaselineMemory}));
  const bool compressed = settings.customers > kCustomersMax;
  tpch::load(*database, settings.customers, compressed);
  const policy::VerifiedPolicy policy = tpch::policy(settings.customers);
  std::vector<Line> lines;
  for (const tpch::Query& query : tpch::queries()) {
    if (!settings.only.empty() && query.name != settings.only) continue;
    lines.push_back(
        measure(query, task_of(*database, query.room, policy), held, *database, settings));
  }
  GBX_CHECK(!lines.empty());
  lines.push_back(mean_of(lines));
  const std::string size = "customers " + std::to_string(settings.customers) + ": ";
  for (Line& line : lines) {
    line.what = size + line.what;
    if (compressed) line.note += "; baseline's tables compressed in memory";
  }
  report(lines, settings.json);
  return 0;
}

}  // namespace
}  // namespace gbx::bench

int main(int count, char** words) {
  gbx::bench::Settings settings;
  bool good = count % 2 == 1;
  for (int i = 1; good && i + 1 < count; i += 2) {
    const std::string_view option = words[i];
    const std::string_view value = words[i + 1];
    if (option == "--json") {
      settings.json = value;
    } else if (option == "--only") {
      settings.only = value;
    } else if (option == "--customers") {
      good = gbx::bench::take_number(value, settings.customers);
    } else {
      good = option == "--rounds" && gbx::bench::take_number(value, settings.rounds);
    }
  }
  if (!good || settings.customers < 1000) {
    std::fputs("tpch_compare [--json FILE] [--customers N] [--rounds N] [--only QUERY]\n", stderr);
    return 2;
  }
  return gbx::bench::run(settings);
}
