// prepare against DuckDB: the same CSV into a sealed snapshot, and into Parquet by DuckDB's own
// COPY. Each side runs in a process of its own, in turns; the figures are medians.
//
//   prepare_bench [rows] [rounds] [folder]        defaults: 1000000 3 (a temporary folder)

#include <duckdb.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "client/keys/token_key.h"
#include "client/prepare/prepare.h"
#include "trusted/crypto/entropy.h"

namespace gbx {
namespace {

// Rows like a shop's: half as many people as rows, some with many, four columns, a handful of bad
// cells.
std::uint64_t write_csv(const std::string& path, std::uint64_t rows) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) std::abort();
  std::fputs("email,purchase_date,total_spent,campaign\n", file);
  std::uint64_t state = 42;
  const auto next = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  for (std::uint64_t row = 0; row < rows; row++) {
    const std::uint64_t person =
        next() % 8 == 0 ? next() % (rows / 64 + 1) : next() % (rows / 2 + 1);
    const std::uint64_t cents = next() % 50'000;
    std::fprintf(file, "person%llu@example.com,2025-%02u-%02u,%llu.%02u,campaign_%02u\n",
                 static_cast<unsigned long long>(person), static_cast<unsigned>(1 + next() % 12),
                 static_cast<unsigned>(1 + next() % 28),
                 static_cast<unsigned long long>(cents / 100), static_cast<unsigned>(cents % 100),
                 static_cast<unsigned>(next() % 50));
  }
  std::fclose(file);
  return std::filesystem::file_size(path);
}

constexpr const char* kManifest = R"(
table: purchases
source: {file: rows.csv}
columns:
  email: {as: hashed_email, label: person, identifier: email}
  purchase_date: {type: date, label: plain, bounds: [2025-01-01, 2025-12-31]}
  total_spent: {type: decimal, scale: 2, label: sensitive, bounds: [0, 500]}
  campaign: {type: text, label: plain}
rows_per_person: 1000
)";

void run_prepare(const std::string& folder) {
  crypto::SystemEntropy entropy;
  const crypto::SigningKey key = crypto::SigningKey::make(entropy).value();
  const client::TokenEpoch epoch{"00112233445566778899aabbccddeeff", 1};
  const auto tokeniser = client::make_tokeniser(Secret<32>(), epoch);
  prepare::PrepareJob job;
  job.manifest = prepare::parse_manifest(kManifest, folder + "/manifest.yaml");
  job.out = folder + "/rows.gbx";
  job.rejects_file = folder + "/rejects.csv";
  job.owner = "shopgood";
  job.collaboration = epoch.collaboration;
  job.token = [&](std::string_view identifier) {
    thread_local Bytes message;
    client::token_message("email", identifier, message);
    return tokeniser->token(message);
  };
  job.signing_key = &key;
  job.entropy = &entropy;
  job.now = 1'700'000'000;
  job.tool = "bench";
  if (std::getenv("GBX_BENCH_PHASES") != nullptr) {
    const auto start = std::chrono::steady_clock::now();
    job.progress = [start, last = std::string()](std::string_view phase, std::uint64_t,
                                                 std::uint64_t) mutable {
      if (phase == last) return;
      last = phase;
      const std::chrono::duration<double> at = std::chrono::steady_clock::now() - start;
      std::fprintf(stderr, "  %-8s from %.2f s\n", last.c_str(), at.count());
    };
  }
  const prepare::PrepareReport report = prepare::prepare(job);
  if (report.rows + report.over_cap != report.rows_in) std::abort();
}

void run_duckdb(const std::string& folder) {
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  if (duckdb_open(nullptr, &database) != DuckDBSuccess ||
      duckdb_connect(database, &connection) != DuckDBSuccess) {
    std::abort();
  }
  const std::string sql = "COPY (SELECT * FROM read_csv('" + folder + "/rows.csv')) TO '" + folder +
                          "/rows.parquet' (FORMAT parquet)";
  duckdb_result result;
  if (duckdb_query(connection, sql.c_str(), &result) != DuckDBSuccess) std::abort();
  duckdb_destroy_result(&result);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
}

struct Cost {
  double seconds;
  double mib;
};

Cost measure(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    std::_Exit(0);
  }
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child || status != 0) {
    std::fprintf(stderr, "a side failed\n");
    std::exit(1);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return {took.count(), static_cast<double>(usage.ru_maxrss) / 1024};
}

void show(const char* name, std::vector<Cost> costs, double bytes) {
  std::sort(costs.begin(), costs.end(),
            [](const Cost& a, const Cost& b) { return a.seconds < b.seconds; });
  const Cost& middle = costs[costs.size() / 2];
  double most = 0;
  for (const Cost& cost : costs) most = std::max(most, cost.mib);
  std::printf("%-22s %7.2f s  (%.2f to %.2f)  %6.0f MiB/s  peak %6.0f MiB\n", name, middle.seconds,
              costs.front().seconds, costs.back().seconds, bytes / 1048576 / middle.seconds, most);
}

double median(std::vector<Cost> costs) {
  std::sort(costs.begin(), costs.end(),
            [](const Cost& a, const Cost& b) { return a.seconds < b.seconds; });
  return costs[costs.size() / 2].seconds;
}

int run(int argc, char** argv) {
  const std::uint64_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 3;
  std::string folder = argc > 3 ? argv[3] : "";
  const bool temporary = folder.empty();
  if (temporary) {
    std::string name = (std::filesystem::temp_directory_path() / "prepare-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return 1;
    folder = name;
  }
  const auto bytes = static_cast<double>(write_csv(folder + "/rows.csv", rows));
  std::printf("%llu rows, %.0f MiB of CSV, %d rounds\n", static_cast<unsigned long long>(rows),
              bytes / 1048576, rounds);
  std::vector<Cost> ours;
  std::vector<Cost> theirs;
  for (int round = 0; round < rounds; round++) {
    theirs.push_back(measure([&] { run_duckdb(folder); }));
    ours.push_back(measure([&] { run_prepare(folder); }));
  }
  show("DuckDB CSV -> Parquet", theirs, bytes);
  show("glovebox prepare", ours, bytes);
  std::printf("prepare takes %.2f times as long (asked: at most 2.00)\n",
              median(ours) / median(theirs));
  if (temporary) std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace gbx

int main(int argc, char** argv) { return gbx::run(argc, argv); }
