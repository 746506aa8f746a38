#include <gtest/gtest.h>

#include "enclave/worker_pool.h"

namespace gbx::enclave {
namespace {

constexpr Error kFailed{ErrorCode::unavailable, "worker_failed"};

class HostileWorker : public testing::Test {
 protected:
  HostileWorker() {
    auto pool = WorkerPool::start({std::string(GBX_BINARY_DIR) + "/bin/hostile_worker"},
                                  {.threads = 1, .seconds = 1});
    GBX_CHECK(pool.has_value());
    pool_ = std::move(*pool);
  }
  std::unique_ptr<WorkerPool> pool_;
};

class HostileWorkerWays : public HostileWorker, public testing::WithParamInterface<const char*> {};

TEST_P(HostileWorkerWays, AsParserIsUnavailable) {
  EXPECT_EQ(pool_->parse(GetParam()).error(), kFailed);
}

TEST_P(HostileWorkerWays, AsEngineIsUnavailable) {
  sql::Task task;
  task.tables = {GetParam()};
  EXPECT_EQ(pool_->run(task, {}).error(), kFailed);
}

TEST_F(HostileWorker, ThatClaimsMoreRowsThanItSendsIsUnavailable) {
  sql::Task task;
  task.tables = {"many_rows"};
  EXPECT_EQ(pool_->run(task, {}).error(), kFailed);
}

INSTANTIATE_TEST_SUITE_P(All, HostileWorkerWays,
                         testing::Values("announce_much", "send_much", "send_half", "send_nothing",
                                         "send_empty", "send_garbage", "crash", "close"),
                         [](const auto& way) { return std::string(way.param); });

}  // namespace
}  // namespace gbx::enclave
