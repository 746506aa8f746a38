#pragma once

// What a room has released, kept so that the same question gets the same answer and pays once.
//
// An attacker asks one question again and again, to average the noise away; it may be another
// member than the first. What must stay true: only what has been released, charged and entered in
// the log is in here; the key says all that a release depends on, so nobody is given the answer to
// another question. Members are let in before they get here: whoever may not ask is refused.
// What is forgotten (the oldest, when there are too many) is answered and paid for anew: that costs
// budget and nothing else. Not thread-safe.

#include <deque>
#include <set>
#include <span>

#include "trusted/firewall/check.h"
#include "trusted/packet/answer.h"
#include "trusted/privacy/release.h"

namespace gbx::room {

// SHA-256 of what decides a release: the question (sql/normal_form.h), how it is noised (and so the
// epsilon that was asked for), the snapshots read, the policy. Not what columns are called, HAVING,
// ORDER BY or LIMIT: they are applied to released values. Fails as privacy::half_widths() does.
Result<Hash> release_key(const firewall::CheckedQuery& query,
                         std::span<const packet::UsedSnapshot> snapshots, const Hash& policy);

class Releases {
 public:
  static constexpr std::size_t kReleasesMax = 10'000;
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20;

  struct Entry {
    Hash key{};
    Hash request{};  // of the first that asked
    privacy::Released released;
    std::size_t bytes = 0;
    std::set<std::string> members;  // who have asked for it
  };

  // nullptr when there is none. Good until the next add() or clear().
  [[nodiscard]] const Entry* find(const Hash& key) const;
  // From now on `member` has asked for it, too.
  void give(const Hash& key, const std::string& member);
  // The oldest go; one that is larger than kBytesMax is not kept.
  void add(const Hash& key, const Hash& request, const std::string& member,
           privacy::Released&& released);
  void clear();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  std::deque<Entry> entries_;  // oldest first
  std::size_t bytes_ = 0;
};

}  // namespace gbx::room
