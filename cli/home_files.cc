#include "cli/home_files.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "cli/mistakes.h"
#include "cli/passphrase.h"
#include "client/keys/atomic_file.h"
#include "client/policy/policy_file.h"
#include "client/policy/wording.h"

namespace gbx::cli {
namespace {

constexpr unsigned kPublicMode = 0644;

// Where a party's own files and keys want other words than answers and policies do.
constexpr std::array kOwnWords = {
    client::Wording{"name_malformed",
                    "a name starts with a to z and goes on with a to z, 0 to 9, _ and -",
                    "for example --name shopgood (at most 63 characters)"},
    client::Wording{"not_a_receiver", "it is not sealed to you",
                    "ask its maker to name your identity: glovebox token-key new --for YOU.id"},
    client::Wording{"seal_broken", "it was sealed to another key of yours, or changed",
                    "ask its maker to seal it to your present identity"},
};

}  // namespace

Failure failure_of(const std::string& what, const std::string& where, const Error& error) {
  const auto* own = std::ranges::find(kOwnWords, error.reason.view(), &client::Wording::reason);
  if (own == kOwnWords.end()) return failure_in_words(what, where, error);
  Failure failure(what, where, std::string(own->means), std::string(own->next));
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
  std::optional<policy::VerifiedPolicy> verified;
  telling_mistakes([&] { verified = client::load_policy(path); });
  return *std::move(verified);
}

std::int64_t now_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace gbx::cli
