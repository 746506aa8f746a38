#include <array>

#include "client/policy/wording.h"

namespace gbx::client::words {
namespace {

// What rooms, their hosts and the owners' own books can say.
constexpr std::array<Wording, 27> kWords = {{
    {"allotment_over_budget",
     "this would allot more of the table than the policy's whole budget, over all rooms",
     "allot less with --epsilon, or close a room and take back what it did not spend"},
    {"already_booted", "the room has its policy already", "start another room for another policy"},
    {"answer_too_large", "the answer is larger than a room can send",
     "ask with LIMIT, or group by fewer values; what was charged stays charged"},
    {"closing_malformed", "this is no closing statement of a room",
     "use the closing.json that the host keeps"},
    {"disk_failed", "the host's disk is full or does not work",
     "ask the operator to make room, then try again"},
    {"frame_unexpected", "the room or its host said something that does not belong here",
     "update Glovebox on both sides"},
    {"image_incomplete", "the room program does not find its worker or its engine library",
     "install glovebox-room, glovebox-worker and libduckdb.so in one folder"},
    {"image_unreadable", "a file of the room's image cannot be read",
     "check the files' permissions"},
    {"log_origin_wrong", "the log is of another room than the evidence",
     "do not send anything to this room; tell the other members"},
    {"log_rolled_back",
     "the room's log is shorter than it was, or another one: somebody restored an old state",
     "do not send anything to this room; tell the other members"},
    {"may_not_provide", "the policy does not let this member bring data",
     "ask the members for a policy in which you have the ability provide"},
    {"nonce_wrong", "the evidence is an old one, made for somebody else's question",
     "ask again; if it stays, the host replays answers"},
    {"not_a_member", "this home's identity is not a member of the policy",
     "use the home whose identity the members signed"},
    {"not_booted", "the room has no policy yet", "start it with gloveboxd --policy"},
    {"query_failed",
     "something failed after the charge; why is not said, because it could depend on the data",
     "ask again; what was charged stays charged"},
    {"requests_exhausted", "the room has taken as many requests as one boot can",
     "close it and start a new one"},
    {"room_changed", "the room was started anew while you were talking to it",
     "run the command again"},
    {"room_ended", "the room has ended or does not answer its host",
     "ask the operator to start it again, and provide the tables anew"},
    {"room_program_failed", "the room program does not run here", "name it with --room-program"},
    {"room_unknown", "this home has given nothing to that room",
     "use the home of an owner of its tables"},
    {"seccomp_failed", "the machine does not let the room lock itself in",
     "use a kernel with seccomp filters"},
    {"snapshot_key_missing", "this home has not the key of that snapshot",
     "use the home that prepared it, or prepare the table again"},
    {"snapshot_no_file", "what was handed over is no regular file",
     "give the path of the .gbx file"},
    {"snapshot_too_large", "the snapshot is larger than this host keeps",
     "ask the operator for a larger --snapshot-mib-max"},
    {"store_failed", "the host did not say that a ledger entry is on disk",
     "ask the operator about the disk; what was charged stays charged"},
    {"worker_failed", "a worker of the room died or took too long",
     "ask again, or a simpler question"},
    {"workers_gone",
     "the process that the room's workers come from has ended, and a room starts none anew",
     "close it, which takes back what was not spent, and start a new one"},
}};

}  // namespace

std::span<const Wording> of_rooms() { return kWords; }

}  // namespace gbx::client::words
