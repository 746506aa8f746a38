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
    if (sql::is_near(entry->question, question)) out.push_back(entry->request);
  }
  return out;
}

bool Questions::fits(const Share& share) const {
  return share.questions <= kQuestionsMax / members_ && share.bytes <= kBytesMax / members_;
}

bool Questions::full(const sql::Compared& question, const std::string& member) const {
  const auto found = shares_.find(member);
  Share share = found == shares_.end() ? Share() : found->second;
  share.questions++;
  share.bytes += bytes_of(question);
  return !fits(share);
}

void Questions::add(const sql::Compared& question, const Hash& request, const std::string& member) {
  const std::size_t bytes = bytes_of(question);
  Share& share = shares_[member];
  share.questions++;
  share.bytes += bytes;
  entries_.push_back({question, request, member, bytes});
  while (!fits(share)) drop_oldest_of(member);
}

void Questions::drop_oldest_of(const std::string& member) {
  const auto oldest = std::find_if(entries_.begin(), entries_.end(),
                                   [&](const Entry& entry) { return entry.member == member; });
  GBX_CHECK(oldest != entries_.end());
  Share& share = shares_[member];
  share.questions--;
  share.bytes -= oldest->bytes;
  entries_.erase(oldest);
}

void Questions::clear() {
  entries_.clear();
  shares_.clear();
}

}  // namespace gbx::room
