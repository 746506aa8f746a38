#include "enclave/worker_pool.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "enclave/harden.h"
#include "enclave/worker_fixture.h"
#include "engine/testing/generator.h"
#include "engine/testing/match.h"
#include "engine/testing/reference.h"

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "worker_failed"};
const std::string kProgram = std::string(GBX_BINARY_DIR) + "/bin/glovebox-worker";

// The thread sanitizer takes what it cannot see inside DuckDB for races and wants to report them.
#ifdef __SANITIZE_THREAD__
constexpr std::array kChoices = {engine::Choice::automatic};
#else
constexpr std::array kChoices = {engine::Choice::automatic, engine::Choice::duckdb};
#endif

std::unique_ptr<WorkerPool> make_pool(WorkerLimits limits = {}) {
  auto pool = WorkerPool::start({kProgram}, limits);
  GBX_CHECK(pool.has_value());
  return std::move(*pool);
}

// One person with `rows` rows in each of two tables: rows * rows in the join.
struct LongJob {
  explicit LongJob(std::size_t rows, std::uint32_t rows_per_block = 4096) {
    for (int t = 0; t < 2; t++) {
      std::vector<engine::MemoryRow> all(rows, {.person = {1}, .cells = {std::int64_t{1}}});
      const engine::MemoryTable table({{"c", {Type::integer, 0}, false}}, std::move(all), 1000);
      held.push_back(hold(table, rows_per_block));
      task.tables.push_back("t" + std::to_string(t));
    }
    task.measures.push_back({.argument = {}, .low = 0, .high = 1'000'000'000});
    for (const HeldTable& table : held) tables.push_back(table.sealed());
  }
  std::vector<HeldTable> held;
  std::vector<SealedTable> tables;
  sql::Task task;
};

TEST(WorkerPool, ParsesInACage) {
  const auto pool = make_pool();
  for (int i = 0; i < 3; i++) {
    const auto tree = pool->parse("SELECT count(*) FROM t WHERE a < 3");
    ASSERT_TRUE(tree);
    EXPECT_NE(tree->find("SELECT_NODE"), std::string::npos);
  }
  const auto refused = pool->parse("DROP TABLE t");
  ASSERT_TRUE(refused);
  EXPECT_NE(refused->find("\"error\":true"), std::string::npos);
}

TEST(WorkerPool, RefusesATextThatIsTooLong) {
  const auto pool = make_pool();
  EXPECT_EQ(pool->parse(std::string(kSqlBytesMax + 1, ' ')).error(),
            (Error{ErrorCode::invalid_argument, "sql_too_long"}));
}

// Tables as they stand in a room, and a view of them for the engines.
struct Held {
  explicit Held(const engine::GeneratedCase& generated) {
    for (const auto& table : generated.tables) {
      held.push_back(hold(*table));
      plain.push_back(table.get());
    }
    for (const HeldTable& table : held) sealed.push_back(table.sealed());
  }
  std::vector<HeldTable> held;
  std::vector<SealedTable> sealed;
  std::vector<const engine::MemoryTable*> plain;
};

// Returns whether there was an answer to compare.
bool answers(WorkerPool& pool, const sql::Task& task, const Held& tables, engine::Choice choice) {
  const auto want = engine::run_reference(task, tables.plain);
  const auto got = pool.run(task, tables.sealed, choice);
  if (want) {
    engine::expect_same(got, want);
  } else {
    EXPECT_EQ(got.error(), kFailed);
  }
  return want.has_value();
}

TEST(WorkerPool, RunsBothEnginesInACage) {
  const auto pool = make_pool({.threads = 2});
  int answered = 0;
  for (std::uint64_t seed = 1; seed <= 25; seed++) {
    SCOPED_TRACE(seed);
    const engine::GeneratedCase generated = engine::generate_case(seed);
    const Held tables(generated);
    for (const auto choice : kChoices) {
      answered += answers(*pool, generated.task, tables, choice) ? 1 : 0;
    }
  }
  EXPECT_GT(answered, 20);
}

#ifndef __SANITIZE_THREAD__
TEST(WorkerPool, RunsStepsInACage) {
  const auto pool = make_pool({.threads = 2});
  int answered = 0;
  for (std::uint64_t seed = 1; seed <= 40; seed++) {
    SCOPED_TRACE(seed);
    const engine::GeneratedCase generated = engine::generate_case_with_steps(seed);
    const Held tables(generated);
    for (const auto choice : kChoices) {
      answered += answers(*pool, generated.task, tables, choice) ? 1 : 0;
    }
  }
  EXPECT_GT(answered, 60);
}

// Every pair of a person's rows, in order: more than fits into memory, and more than there is time
// for.
sql::Task ordered_pairs(const sql::Task& tables) {
  sql::Expression column;
  column.op = sql::Op::column;
  column.high = 100;
  sql::Step pairs;
  pairs.inputs.resize(2);
  pairs.inputs[1].source = 1;
  pairs.columns = {column};
  sql::Step window;
  window.kind = sql::StepKind::window;
  window.inputs.resize(1);
  window.inputs[0].source = 2;
  window.columns = {column};
  window.windows.resize(1);
  window.windows[0].value.function = sql::RowFunction::row_number;
  window.windows[0].value.high = sql::kPersonRowsMax;
  sql::Task out = tables;
  out.steps = {pairs, window};
  return out;
}

TEST(WorkerPool, StepsThatGrowPastMemoryTimeOrTheirLimitFail) {
  const LongJob small(200);
  for (const auto choice : kChoices) {
    const auto rows = make_pool()->run(ordered_pairs(small.task), small.tables, choice);
    ASSERT_TRUE(rows);
    EXPECT_TRUE((*rows)[0].sums[0] == Int128{200} * 200);
  }
  const LongJob large(20'000);
  const sql::Task task = ordered_pairs(large.task);
  EXPECT_EQ(make_pool()->run(task, large.tables).error(), kFailed);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(make_pool({.memory_bytes = std::uint64_t{300} << 20, .seconds = 60})
                ->run(task, large.tables, engine::Choice::duckdb)
                .error(),
            kFailed);
  EXPECT_EQ(make_pool({.seconds = 1})->run(task, large.tables, engine::Choice::duckdb).error(),
            kFailed);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}
#endif

TEST(WorkerPool, CutsOffWhatTakesTooLong) {
  const auto pool = make_pool({.seconds = 1});
  LongJob job(90'000);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(pool->run(job.task, job.tables).error(), kFailed);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// How often `key` is in the writable memory of this process, freed or not.
std::size_t copies_of(ByteView key) {
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> regions;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    char* rest = nullptr;
    const std::uintptr_t begin = std::strtoul(line.c_str(), &rest, 16);
    const std::uintptr_t end = std::strtoul(rest + 1, &rest, 16);
    if (std::string_view(rest).starts_with(" rw")) regions.emplace_back(begin, end);
  }
  std::size_t out = 0;
  for (const auto& [begin, end] : regions) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives addresses as numbers
    const auto* at = reinterpret_cast<const char*>(begin);
    std::string_view rest(at, end - begin);
    for (std::size_t i = rest.find(as_text(key)); i != std::string_view::npos;
         i = rest.find(as_text(key), i + 1)) {
      out++;
    }
  }
  return out;
}

TEST(WorkerPool, LeavesNoCopyOfAKeyBehind) {
  const auto pool = make_pool();
  LongJob job(20'000, 64);
  job.held[0].key = crypto::AeadKey({9, 8, 7, 6, 5, 4, 3, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  const std::size_t before = copies_of(job.held[0].key.view());
  EXPECT_GE(before, 1U);
  EXPECT_EQ(pool->run(job.task, job.tables).error(), kFailed);  // another key than it is sealed by
  EXPECT_EQ(copies_of(job.held[0].key.view()), before);
}
#endif

// Parent of a process, 0 when it is gone; its name in `name`.
int parent_of(int process, std::string& name) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return 0;
  name = line.substr(open + 1, close - open - 1);
  return std::stoi(line.substr(close + 4));
}

std::vector<int> children_of(int parent) {
  std::vector<int> out;
  ::DIR* directory = ::opendir("/proc");
  while (const ::dirent* entry = ::readdir(directory)) {
    const int process = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
    std::string name;
    if (process > 0 && parent_of(process, name) == parent && name == "glovebox-worker") {
      out.push_back(process);
    }
  }
  ::closedir(directory);
  return out;
}

#ifndef __SANITIZE_THREAD__  // which has a thread of its own
// A fork has the caller's thread alone: locks that another one held would stay locked.
TEST(WorkerPool, TheZygoteHasOneThreadAndEachParseIsAnotherProcess) {
  const auto pool = make_pool();
  const std::vector<int> zygotes = children_of(::getpid());
  ASSERT_EQ(zygotes.size(), 1U);
  ASSERT_TRUE(pool->parse("SELECT 'a text that nobody else writes'"));
  const std::filesystem::path process = "/proc/" + std::to_string(zygotes[0]);
  std::filesystem::directory_iterator threads(process / "task");
  EXPECT_EQ(std::distance(begin(threads), end(threads)), 1);
  // Each parse is a process's only one.
  const std::vector<int> before = children_of(zygotes[0]);
  ASSERT_TRUE(pool->parse("SELECT 1"));
  const std::vector<int> after = children_of(zygotes[0]);
  ASSERT_EQ(before.size(), 1U);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_NE(before[0], after[0]);
}
#endif

TEST(WorkerPool, AKilledWorkerIsUnavailableAndTheNextJobWorks) {
  const auto pool = make_pool({.seconds = 60});
  const std::vector<int> zygotes = children_of(::getpid());
  ASSERT_EQ(zygotes.size(), 1U);
  LongJob job(90'000);
  Result<std::vector<sql::GroupRow>> answer = kFailed;
  std::thread runner([&] { answer = pool->run(job.task, job.tables); });
  std::vector<int> workers;
  for (int i = 0; i < 500 && workers.size() < 2; i++) {  // the spare parser is one
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    workers = children_of(zygotes[0]);
  }
  EXPECT_EQ(workers.size(), 2U);
  for (const int worker : workers) ::kill(worker, SIGKILL);
  runner.join();
  EXPECT_EQ(answer.error(), kFailed);
  static_cast<void>(pool->parse("SELECT 1"));  // the spare that died with it
  EXPECT_TRUE(pool->parse("SELECT 1"));
  LongJob small(10);
  const auto rows = pool->run(small.task, small.tables);
  ASSERT_TRUE(rows);
  EXPECT_TRUE((*rows)[0].sums[0] == 100);
}

TEST(WorkerPool, AKilledZygoteIsReplaced) {
  const auto pool = make_pool();
  for (const int zygote : children_of(::getpid())) ::kill(zygote, SIGKILL);
  LongJob small(10);
  EXPECT_TRUE(pool->run(small.task, small.tables));
  static_cast<void>(pool->parse("SELECT 1"));  // the spare parser died with the zygote
  EXPECT_TRUE(pool->parse("SELECT 1"));
}

TEST(WorkerPool, AStoppedZygoteIsReplaced) {
  const auto pool = make_pool();
  for (const int zygote : children_of(::getpid())) ::kill(zygote, SIGSTOP);
  EXPECT_TRUE(pool->parse("SELECT 1"));  // by the spare parser; the next one needs a zygote
  EXPECT_TRUE(pool->parse("SELECT 1"));
}

// As a room that may start no program any more. In a process of its own: it cannot be undone.
TEST(WorkerPoolDeathTest, AZygoteThatCannotBeReplacedIsAWordAndNoHang) {
  const auto tell = [] {
    const auto pool = make_pool();
    const std::vector<int> zygotes = children_of(::getpid());
    const int zygote = static_cast<int>(::syscall(SYS_pidfd_open, zygotes.at(0), 0));
    if (!forbid_opening()) ::_exit(3);
    if (!pool->parse("SELECT 1")) ::_exit(4);
    ::syscall(SYS_pidfd_send_signal, zygote, SIGKILL, nullptr, 0);
    static_cast<void>(pool->parse("SELECT 1"));  // the spare parser died with it
    const auto refused = pool->parse("SELECT 1");
    ::_exit(!refused && refused.error().reason == Literal("workers_gone") ? 0 : 5);
  };
  EXPECT_EXIT(tell(), testing::ExitedWithCode(0), "");
}

TEST(WorkerPool, LeavesNoProcessBehind) {
  {
    const auto pool = make_pool();
    EXPECT_TRUE(pool->parse("SELECT 1"));
    EXPECT_EQ(children_of(::getpid()).size(), 1U);
  }
  EXPECT_TRUE(children_of(::getpid()).empty());
}

TEST(WorkerPool, AnotherStreamIsUnavailable) {
  const auto pool = make_pool();
  LongJob job(10);
  LongJob other(20);
  job.tables[0].descriptor = other.tables[0].descriptor;
  EXPECT_EQ(pool->run(job.task, job.tables).error(), kFailed);
}

TEST(WorkerPool, AnotherKeyIsUnavailable) {
  const auto pool = make_pool();
  LongJob job(10);
  const crypto::AeadKey wrong({9});
  job.tables[1].key = &wrong;
  EXPECT_EQ(pool->run(job.task, job.tables).error(), kFailed);
}

TEST(WorkerPool, ATaskThatDoesNotFitIsUnavailable) {
  const auto pool = make_pool();
  LongJob job(10);
  job.task.tables.pop_back();
  EXPECT_EQ(pool->run(job.task, job.tables).error(), kFailed);
}

TEST(WorkerPool, NeedsItsProgram) {
  EXPECT_EQ(WorkerPool::start({"/nonexistent/glovebox-worker"}, {}).error(), kFailed);
  EXPECT_EQ(WorkerPool::start({"/bin/true"}, {}).error(), kFailed);
}

}  // namespace
}  // namespace gbx::enclave
