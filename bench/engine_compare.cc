// The attribution query of the tutorial at size: the merge over sealed snapshots and the rendered
// SQL, against plain DuckDB without bounding on the same rows, in interleaved rounds of one
// process.
//
//   engine_compare [--json FILE] [--rows N] [--rounds N] [--threads N] [--only merge]

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "bench/attribution.h"
#include "bench/report.h"
#include "engine/duckdb/duckdb_engine.h"
#include "engine/duckdb/load.h"

namespace gbx::bench {
namespace {

struct Settings {
  std::uint64_t rows = 1'000'000;
  std::uint32_t rounds = 10;
  std::uint32_t threads = 2;
  std::string json;
  bool merge_only = false;  // for sizes that DuckDB would need many GiB for
};

// Peak resident memory of a process that only merges, in MiB.
double merge_memory(const std::vector<Held>& held, std::uint32_t threads) {
  auto* peak = static_cast<double*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t child = ::fork();
  if (child == 0) {
    static_cast<void>(merge(attribution(), held, threads));
    ::rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    *peak = static_cast<double>(usage.ru_maxrss) / 1024;
    ::_exit(0);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  GBX_CHECK(status == 0);
  return *peak;
}

// Token tables e and p as an owner would load them: rows in no order.
void load_tokens(engine::Database& database, const Side& side, const std::string& name) {
  const std::string columns = side.purchases ? "a BIGINT, b BIGINT" : "a VARCHAR, b BIGINT";
  GBX_CHECK(database.execute("CREATE TABLE raw (hi BIGINT, lo BIGINT, " + columns + ")"));
  auto appender = engine::RowAppender::create(
      database, "raw",
      {DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BIGINT,
       side.purchases ? DUCKDB_TYPE_BIGINT : DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_BIGINT});
  GBX_CHECK(appender.has_value());
  // A stride that no table size shares a factor with, another one for each side.
  const std::uint64_t stride = side.purchases ? 982'451'653 : 899'809'363;
  for (std::uint64_t row = 0; row < 3; row++) {
    for (std::uint64_t i = 0; i < side.users; i++) {
      const std::uint64_t user = side.first_user + i * stride % side.users;
      if (row >= side.rows_of(user)) continue;
      (*appender)->set_number(0, static_cast<std::int64_t>(token_high(user)));
      (*appender)->set_number(1, static_cast<std::int64_t>(token_low(user)));
      const std::int64_t first = side.value(user, row, 0);
      if (side.purchases) (*appender)->set_number(2, first);
      if (!side.purchases) (*appender)->set_text(2, campaign_name(first));
      (*appender)->set_number(3, side.value(user, row, 1));
      GBX_CHECK((*appender)->next_row());
    }
  }
  GBX_CHECK((*appender)->finish());
  const std::string code = side.purchases ? "" : ", CAST(a[10:] AS INTEGER) AS code";
  GBX_CHECK(database.execute("CREATE TABLE " + name +
                             " AS SELECT CAST(hi AS HUGEINT) * 9223372036854775808 + lo AS token, "
                             "a, b" +
                             code + " FROM raw"));
  GBX_CHECK(database.execute("DROP TABLE raw"));
}

// The rounds: seconds of each way to answer.
struct Times {
  std::vector<double> merge, rendered, tokens, tokens_distinct, codes, ids, ids_distinct;
};

class Rounds {
 public:
  Rounds(const Settings& settings, std::vector<Held> held)
      : settings_(settings), held_(std::move(held)) {
    engine::DatabaseOptions options{.threads = settings.threads,
                                    .memory_bytes = std::uint64_t{16} << 30};
    tokens_ = std::move(*engine::Database::open(options));
    ids_ = std::move(*engine::Database::open(options));
    load_tokens(*tokens_, Side::make(false, settings.rows), "e");
    load_tokens(*tokens_, Side::make(true, settings.rows), "p");
    const OpenTables tables(held_);
    load_seconds_ = seconds_of([&] {
      GBX_CHECK(engine::load_tables(*ids_, attribution(), tables.first(2), nullptr).has_value());
    });
  }

  void run() {
    for (std::uint32_t round = 0; round < settings_.rounds + 1; round++) {
      Times& to = round == 0 ? warm_up_ : times_;
      to.merge.push_back(
          seconds_of([&] { rows_ = merge(attribution(), held_, settings_.threads); }));
      to.tokens.push_back(plain(*tokens_, "a", "count(*)"));
      to.tokens_distinct.push_back(plain(*tokens_, "a", "count(DISTINCT e.token)"));
      to.codes.push_back(plain(*tokens_, "code", "count(*)"));
      to.ids.push_back(seconds_of([&] { run_plain(*ids_, ids_query("count(*)")); }));
      to.ids_distinct.push_back(
          seconds_of([&] { run_plain(*ids_, ids_query("count(DISTINCT t0.p)")); }));
      to.rendered.push_back(seconds_of([&] { rendered(); }));
    }
  }

  [[nodiscard]] std::vector<Line> lines(double peak) const {
    const std::string size =
        std::to_string(settings_.rows) + " x " + std::to_string(settings_.rows) + " rows: ";
    const Times& t = times_;
    return {
        {size + "merge / plain on 128-bit tokens", "goal 0.5; sealed blocks opened in every round",
         t.merge, t.tokens},
        {size + "merge / plain on tokens, campaign as a number", "", t.merge, t.codes},
        {size + "merge / tokens with COUNT(DISTINCT)", "", t.merge, t.tokens_distinct},
        {size + "merge / plain on dense ids", "baseline's rows clustered, ids made before", t.merge,
         t.ids},
        {size + "merge / dense ids with COUNT(DISTINCT)", "", t.merge, t.ids_distinct},
        {size + "rendered SQL / ids with COUNT(DISTINCT)", "goal 2.2; tables loaded before",
         t.rendered, t.ids_distinct},
        {size + "rendered SQL / plain on 128-bit tokens", "", t.rendered, t.tokens},
        {size + "loading for rendered SQL", "once a query", {load_seconds_}, {}},
        {size + "peak memory of the merge",
         "goal 1024; without the sealed stream",
         {peak},
         {},
         "MiB"},
    };
  }

 private:
  static double plain(engine::Database& database, const std::string& group,
                      const std::string& count) {
    const std::string sql = "SELECT e." + group + ", " + count +
                            ", sum(p.b) FROM e JOIN p ON e.token = p.token WHERE e.b < p.a "
                            "GROUP BY 1";
    return seconds_of([&] { run_plain(database, sql); });
  }

  static std::string ids_query(const std::string& count) {
    return "SELECT t0.c0, " + count +
           ", sum(t1.c1) FROM t0 JOIN t1 ON t0.p = t1.p WHERE t0.c1 < t1.c0 GROUP BY 1";
  }

  void rendered() {
    const auto rows = engine::run_loaded(*ids_, attribution(), nullptr);
    GBX_CHECK(rows.has_value() && rows->size() == rows_.size());
    for (std::size_t i = 0; i < rows->size(); i++) {
      GBX_CHECK((*rows)[i].persons == rows_[i].persons && (*rows)[i].sums == rows_[i].sums);
    }
    GBX_CHECK(ids_->execute("DROP TABLE partials").has_value());
    GBX_CHECK(ids_->execute("DROP TABLE keys").has_value());
  }

  Settings settings_;
  std::vector<Held> held_;
  std::unique_ptr<engine::Database> tokens_;
  std::unique_ptr<engine::Database> ids_;
  double load_seconds_ = 0;
  Times warm_up_;
  Times times_;
  std::vector<sql::GroupRow> rows_;
};

std::vector<Line> merge_lines(const Settings& settings, const std::vector<Held>& held,
                              double peak) {
  const std::string size = std::to_string(settings.rows) + " rows a side: ";
  Line line{size + "merge", "", {}, {}};
  for (std::uint32_t round = 0; round < settings.rounds; round++) {
    line.ours.push_back(
        seconds_of([&] { static_cast<void>(merge(attribution(), held, settings.threads)); }));
  }
  return {line, {size + "peak memory of the merge", "", {peak}, {}, "MiB"}};
}

int run(const Settings& settings) {
  std::vector<Held> held = seal_both(settings.rows);
  const double peak = merge_memory(held, settings.threads);
  std::vector<Line> lines;
  if (settings.merge_only) {
    lines = merge_lines(settings, held, peak);
  } else {
    Rounds rounds(settings, std::move(held));
    rounds.run();
    lines = rounds.lines(peak);
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
      settings.merge_only = good = value == "merge";
    } else if (option == "--rows") {
      good = gbx::bench::take_number(value, settings.rows);
    } else if (option == "--rounds") {
      good = gbx::bench::take_number(value, settings.rounds);
    } else {
      good = option == "--threads" && gbx::bench::take_number(value, settings.threads);
    }
  }
  if (!good || settings.rows < 100) {
    std::fputs("engine_compare [--json FILE] [--rows N] [--rounds N] [--threads N]\n", stderr);
    return 2;
  }
  return gbx::bench::run(settings);
}
