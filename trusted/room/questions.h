#pragma once

// Which questions a room has answered, to notice when the next differs from one of them by little.
//
// The attacker asks for all, then for all but one; several members can share the work. What must
// stay true: whether a question is near another follows from the texts that were asked and the
// policy alone (sql/compare.h), never from a row; every question whose charge was durable is in
// here, whoever asked, until its member has asked too many. Then that member's oldest go, but none
// that others are refused for (lists; all, where the policy refuses near questions): of those the
// room takes no new ones instead (full()), or a large question would make it forget them. Each
// member has a share, or one could push out, or keep out, what others ask. It begins empty with
// each boot, as budgets and releases do: a new boot needs the owners' keys again. Not thread-safe.

#include <deque>
#include <string>
#include <vector>

#include "trusted/base/bytes.h"
#include "trusted/packet/answer.h"
#include "trusted/sql/compare.h"

namespace gbx::room {

class Questions {
 public:
  static constexpr std::size_t kQuestionsMax = 10'000;
  static constexpr std::size_t kBytesMax = std::size_t{32} << 20;

  struct Asked {
    sql::Compared question;
    Hash request{};
    std::string member;
  };

  // Each of `members` gets an equal share; at least one member.
  explicit Questions(std::size_t members);

  // The requests of those that `question` is near, latest first, at most packet::kNearMax.
  [[nodiscard]] std::vector<Hash> near(const sql::Compared& question) const;
  // Whether there is no room for one more question of `member` that is to be kept.
  [[nodiscard]] bool full(const sql::Compared& question, const std::string& member) const;
  // One that is `kept` is not forgotten; full() was false of it.
  void add(const Asked& asked, bool kept);
  void clear();
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Asked asked;
    std::size_t bytes = 0;
    bool kept = false;
  };
  struct Share {
    std::size_t questions = 0;
    std::size_t bytes = 0;
  };
  // What one member has in here.
  [[nodiscard]] Share share_of(const std::string& member, bool only_kept) const;
  [[nodiscard]] bool fits(const Share& share) const;

  std::size_t members_;
  std::deque<Entry> entries_;  // oldest first
};

}  // namespace gbx::room
