#pragma once

// Asking a room: a request out, signed and sealed, a sealed answer back, kept with all that
// verifies it.
//
// The host carries both, reads neither and may be anybody; the room is met (its evidence checked)
// before a word of the question leaves this machine, and the answer is the room's only after
// VerifiedAnswer says so.

#include <optional>
#include <string>

#include "client/keys/home.h"
#include "client/policy/policy_file.h"
#include "client/query/answer_file.h"
#include "client/room/meet.h"
#include "trusted/packet/request.h"
#include "trusted/packet/sealed_answer.h"

namespace gbx::client {

struct Question {
  std::string sql;  // with a template: its text, for showing only
  bool dry_run = false;
  std::optional<std::string> epsilon = std::nullopt;  // the policy's epsilon_per_query when absent
  std::optional<packet::TemplateCall> call = std::nullopt;  // a template in place of SQL
  // Something about derived tables, and no question: ask_derived.h.
  std::optional<packet::DerivedCall> derived = std::nullopt;
  // Derived tables of who asks, for working out on this machine what the room will say.
  std::vector<packet::DerivedTable> known = {};
};

// The signed question, for this binding only. Fails with unavailable (entropy).
Result<packet::Envelope> sign_question(const Question& question, const Home& home,
                                       const packet::BindingDigest& binding,
                                       const Hash& policy_hash, Entropy& entropy);

// Who asked whom.
struct Asked {
  const RoomIdentity* room = nullptr;
  const PolicyFile* policy = nullptr;
  packet::Envelope request;
};

// Opens the room's sealed answer with the key of `home`. Fails with unverified (seal_broken,
// not_a_receiver) or invalid_argument (malformed). Verifies nothing else.
Result<AnswerFile> open_room_answer(const Asked& asked, std::string_view sealed, const Home& home);

struct Line {
  RoomConnection* connection = nullptr;
  Entropy* entropy = nullptr;
  std::int64_t now = 0;  // seconds since 1970: what the room's evidence is held against
};

// Meets the room, puts the question to it and yields its sealed answer. `asked` is set before
// anything is sent; its room is `room`. Throws as ask() does.
Bytes put_to_room(const Line& line, const Question& question, const Home& home, RoomIdentity& room,
                  Asked& asked);

// The whole conversation. Throws ConnectionError, RoomRefused or RoomUnverified; nothing is spent
// when the room was not met, or refused for any reason but unavailable. After a HostRefused it is
// unknown what was spent.
AnswerFile ask(const Line& line, const PolicyFile& policy, const Home& home,
               const Question& question);

}  // namespace gbx::client
