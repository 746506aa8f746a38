#include "trusted/room/questions.h"

#include <algorithm>

namespace gbx::room {
namespace {

// What a question takes in memory, about.
std::size_t bytes_of(const sql::Compared& question) {
  std::size_t out = sizeof(question) + question.rows.size();
  for (const sql::Term& term : question.terms) {
    out += sizeof(term) + term.subject.size();
    for (const std::string& value : term.values) out += sizeof(std::string) + value.size();
  }
  return out;
}

}  // namespace

Questions::Questions(std::size_t members) : members_(members) { GBX_CHECK(members > 0); }

std::vector<Hash> Questions::near(const sql::Compared& question) const {
  std::vector<Hash> out;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (out.size() == packet::kNearMax) break;
    if (!sql::is_near(entry->asked.question, question)) continue;
    out.push_back(entry->asked.request);
  }
  return out;
}

Questions::Share Questions::share_of(const std::string& member, bool only_kept) const {
  Share out;
  for (const Entry& entry : entries_) {
    if (entry.asked.member != member || (only_kept && !entry.kept)) continue;
    out.questions++;
    out.bytes += entry.bytes;
  }
  return out;
}

bool Questions::fits(const Share& share) const {
  return share.questions <= kQuestionsMax / members_ && share.bytes <= kBytesMax / members_;
}

bool Questions::full(const sql::Compared& question, const std::string& member) const {
  Share share = share_of(member, true);
  share.questions++;
  share.bytes += bytes_of(question);
  return !fits(share);
}

void Questions::add(const Asked& asked, bool kept) {
  entries_.push_back({asked, bytes_of(asked.question), kept});
  Share share = share_of(asked.member, false);
  while (!fits(share)) {
    const auto oldest = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.asked.member == asked.member && !entry.kept;
    });
    if (oldest == entries_.end()) return;
    share.questions--;
    share.bytes -= oldest->bytes;
    entries_.erase(oldest);
  }
}

void Questions::clear() { entries_.clear(); }

}  // namespace gbx::room
