// prepare against DuckDB: the same CSV into a sealed snapshot, and into Parquet by DuckDB's own
// COPY. Each side runs in a process of its own, in turns. Asked: at most 2.00 times as long, under
// 1536 MiB at 10 million rows.
//
//   prepare_compare [--json FILE] [rows [rounds]]        by default 1000000 rows, 5 rounds

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

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string list_of(const std::vector<double>& values) {
  std::string out;
  for (const double value : values) out += (out.empty() ? "" : ", ") + std::to_string(value);
  return "[" + out + "]";
}

// One line of the table that bench/run.py makes.
std::string row_of(const std::string& what, const char* unit, const std::vector<double>& ours,
                   const std::vector<double>& theirs, const std::string& note) {
  std::printf("%-44s %8.2f %-3s DuckDB %8.2f %-3s ratio %.2f  %s\n", what.c_str(), median(ours),
              unit, median(theirs), unit, median(ours) / median(theirs), note.c_str());
  return R"({"what": ")" + what + R"(", "unit": ")" + unit + R"(", "ours": )" + list_of(ours) +
         R"(, "baseline": )" + list_of(theirs) + R"(, "note": ")" + note + "\"}";
}

struct Options {
  std::string json;
  std::uint64_t rows = 1'000'000;
  int rounds = 5;
};

Options read_options(int argc, char** argv) {
  Options out;
  int numbers = 0;
  for (int i = 1; i < argc; i++) {
    const std::string word = argv[i];
    if (word == "--json" && i + 1 < argc) {
      out.json = argv[++i];
    } else if (numbers++ == 0) {
      out.rows = std::strtoull(word.c_str(), nullptr, 10);
    } else {
      out.rounds = static_cast<int>(std::strtol(argv[i], nullptr, 10));
    }
  }
  return out;
}

int run(const Options& options) {
  std::string folder = (std::filesystem::temp_directory_path() / "prepare-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  const std::uint64_t bytes = write_csv(folder + "/rows.csv", options.rows);
  std::vector<double> seconds;
  std::vector<double> theirs_seconds;
  std::vector<double> mib;
  std::vector<double> theirs_mib;
  for (int round = 0; round < options.rounds; round++) {
    const Cost theirs = measure([&] { run_duckdb(folder); });
    const Cost ours = measure([&] { run_prepare(folder); });
    theirs_seconds.push_back(theirs.seconds);
    theirs_mib.push_back(theirs.mib);
    seconds.push_back(ours.seconds);
    mib.push_back(ours.mib);
  }
  std::filesystem::remove_all(folder);
  const std::string size =
      std::to_string(options.rows) + " CSV rows, " + std::to_string(bytes >> 20) + " MiB";
  const std::string rows =
      row_of("prepare, " + size, "s", seconds, theirs_seconds,
             "baseline: DuckDB's COPY of the CSV to Parquet; at most 2.00 asked") +
      ",\n" +
      row_of("prepare, peak memory, " + size, "MiB", mib, theirs_mib,
             "under 1536 MiB asked at 10 million rows");
  if (options.json.empty()) return 0;
  std::FILE* file = std::fopen(options.json.c_str(), "w");
  if (file == nullptr) return 1;
  std::fprintf(file, "{\"rows\": [%s]}\n", rows.c_str());
  return std::fclose(file) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace gbx

int main(int argc, char** argv) { return gbx::run(gbx::read_options(argc, argv)); }
