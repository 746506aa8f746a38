#include "cli/home_files.h"

#include <array>

#include "cli/passphrase.h"
#include "client/keys/atomic_file.h"

namespace gbx::cli {
namespace {

constexpr unsigned kPublicMode = 0644;

struct Words {
  std::string_view reason;
  const char* why;
  const char* next;
};

constexpr std::array kWords = {
    Words{"home_exists", "there are keys already, and keys are never overwritten",
          "use them, or name another folder with --home"},
    Words{"home_missing", "there is no keys.json in it",
          "make an identity with `glovebox init --name NAME`, or name its folder with --home"},
    Words{"name_malformed", "a name starts with a to z and goes on with a to z, 0 to 9, _ and -",
          "for example --name shopgood (at most 63 characters)"},
    Words{"passphrase_wrong", "the passphrase is wrong, or the file was changed",
          "try again; nothing was touched"},
    Words{"key_file_malformed", "the key file is damaged", "restore it from your backup"},
    Words{"file_missing", "there is no such file", "check the path"},
    Words{"file_unreadable", "it cannot be read", "check the path and its permissions"},
    Words{"file_unwritable", "it cannot be written", "check the folder and its permissions"},
    Words{"file_too_large", "it is larger than any such packet", "check that it is the right file"},
    Words{"disk_full", "the disk is full", "make room and run it again; nothing was changed"},
    Words{"json_malformed", "it is not the JSON of a packet",
          "ask the sender for the file again, as it was made"},
    Words{"json_not_canonical", "it was edited or reformatted since it was made",
          "ask the sender for the file again, as it was made"},
    Words{"packet_type_wrong", "it is a packet of another kind", "check that it is the right file"},
    Words{"signature_missing", "somebody who has to sign it has not",
          "see who with `glovebox policy show`, or ask the sender"},
    Words{"signature_wrong", "a signature does not fit: it was changed after it was signed",
          "ask the sender for the file again"},
    Words{"signature_extra", "it carries a signature of somebody who is not expected",
          "ask the sender for the file again"},
    Words{"identity_malformed", "it is not an identity",
          "ask that party for the output of `glovebox identity export`"},
    Words{"not_a_receiver", "it is not sealed to you",
          "ask its maker to name your identity: glovebox token-key new --for YOU.id"},
    Words{"seal_broken", "it was sealed to another key, or changed",
          "ask its maker to seal it to your present identity"},
    Words{"token_key_exists", "another key of this collaboration and epoch is in place",
          "agree with the others on one of them, or start a new epoch with `token-key rotate`"},
};

}  // namespace

Failure failure_of(const std::string& what, const std::string& where, const Error& error) {
  for (const Words& words : kWords) {
    if (error.reason.view() == words.reason) {
      Failure failure(what, where, words.why, words.next);
      failure.with(error);
      return failure;
    }
  }
  Failure failure(what, where, std::string(error.reason.view()), "");
  failure.with(error);
  return failure;
}

client::Home open_home(const Console& console) {
  // Who lives there, before anybody is asked for a passphrase.
  const auto who = client::Home::peek(console.home);
  if (!who) throw failure_of("cannot open the keys", console.home.string(), who.error());
  const SecretBytes passphrase =
      read_passphrase(console, "Passphrase of " + who->name, /*confirm=*/false);
  auto home = client::Home::open(console.home, passphrase.view());
  if (!home) throw failure_of("cannot open the keys", console.home.string(), home.error());
  return std::move(home).value();
}

packet::Envelope read_packet(const std::filesystem::path& path) {
  auto text = client::read_file(path, packet::kEnvelopeBytesMax);
  if (!text) throw failure_of("cannot read the packet", path.string(), text.error());
  if (text->ends_with('\n')) text->pop_back();
  auto envelope = packet::parse_envelope(*text);
  if (!envelope) throw failure_of("cannot read the packet", path.string(), envelope.error());
  return std::move(envelope).value();
}

client::PublicIdentity read_identity(const std::filesystem::path& path) {
  auto identity = client::open_identity_packet(packet::print_envelope(read_packet(path)));
  if (!identity) throw failure_of("cannot take the identity", path.string(), identity.error());
  return std::move(identity).value();
}

void write_packet(const std::filesystem::path& path, const packet::Envelope& envelope) {
  const Status written = client::write_file(path, packet::print_envelope(envelope), kPublicMode);
  if (!written) throw failure_of("cannot write the packet", path.string(), written.error());
}

policy::VerifiedPolicy read_policy(const std::filesystem::path& path) {
  auto verified = policy::VerifiedPolicy::verify(read_packet(path));
  if (!verified) throw failure_of("cannot use the policy", path.string(), verified.error());
  return std::move(verified).value();
}

}  // namespace gbx::cli
