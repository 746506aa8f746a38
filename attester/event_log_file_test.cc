#include "attester/event_log_file.h"

#include <gtest/gtest.h>

#include "attest/event_log.h"
#include "trusted/crypto/hash.h"

namespace gbx::attester {
namespace {

using attest::TpmAlgorithm;

TEST(EventLogFile, ReplaysToWhatWasExtended) {
  const Hash first = crypto::sha256(as_bytes("one"));
  const Hash second = crypto::sha256(as_bytes("two"));
  const Bytes text = print_event_log({{14, first, "one"}, {11, second, ""}, {14, second, "two"}});
  const auto log = attest::replay_event_log(text, TpmAlgorithm::sha256);
  ASSERT_TRUE(log) << log.error().reason.view();
  EXPECT_EQ(log->touched, 1U << 14U | 1U << 11U);
  const Bytes once = attest::extend(TpmAlgorithm::sha256, Bytes(32, 0), first);
  EXPECT_EQ(log->values[14], attest::extend(TpmAlgorithm::sha256, once, second));
  EXPECT_EQ(log->values[11], attest::extend(TpmAlgorithm::sha256, Bytes(32, 0), second));
  EXPECT_EQ(as_text(log->events[0].data), "one");
}

TEST(EventLogFile, HasOneBank) {
  const auto log = attest::replay_event_log(print_event_log({}), TpmAlgorithm::sha384);
  EXPECT_EQ(log.error().reason.view(), "event_log_bank_missing");
}

}  // namespace
}  // namespace gbx::attester
