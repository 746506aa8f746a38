#pragma once

// A party's home: its identity and every secret it holds, in one file (docs/spec/sealed-keys.md).
//
// Whoever steals the file has to guess the passphrase through a memory-hard function (scrypt), and
// cannot change a byte unseen (AES-256-GCM over everything). Nothing is written before the
// passphrase has opened what was there. Two processes may keep keys in one home at a time: each
// reads, under a lock, what the other has kept before it writes. The heads of the home's ledgers
// are remembered in here, so that an older ledger is noticed; an older key file with it is not. One
// object is not thread-safe.

#include <filesystem>
#include <map>
#include <string>
#include <utility>

#include "client/keys/identity.h"
#include "trusted/base/seams.h"
#include "trusted/crypto/hash.h"
#include "trusted/log/log.h"

namespace gbx::client {

class Home {
 public:
  // Makes a new identity in `folder`. Fails with invalid_argument (home_exists, name_malformed),
  // unavailable; an existing home is never touched.
  static Result<Home> create(const std::filesystem::path& folder, const std::string& name,
                             ByteView passphrase, crypto::ScryptCost cost = {});
  // Fails with not_found (home_missing), unverified (passphrase_wrong), invalid_argument
  // (key_file_malformed).
  static Result<Home> open(const std::filesystem::path& folder, ByteView passphrase);
  // Who lives here; needs no passphrase. Fails as open() does.
  static Result<PublicIdentity> peek(const std::filesystem::path& folder);

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const PublicIdentity& identity() const { return identity_; }
  [[nodiscard]] const crypto::SigningKey& signing_key() const { return signing_key_; }
  [[nodiscard]] const crypto::SealingKey& sealing_key() const { return sealing_key_; }

  // The collaboration's token key of that epoch; nullptr when this home has none. A key in place is
  // never replaced: keep_token_key fails with invalid_argument (token_key_exists) unless it is the
  // same key.
  [[nodiscard]] const Secret<32>* token_key(const std::string& collaboration,
                                            std::uint32_t epoch) const;
  Status keep_token_key(const std::string& collaboration, std::uint32_t epoch,
                        const Secret<32>& key);
  [[nodiscard]] std::vector<std::pair<std::string, std::uint32_t>> token_keys() const;

  // The key of the snapshot with that manifest digest (SHA-256 of the manifest's payload).
  [[nodiscard]] const Secret<32>* snapshot_key(const Hash& manifest) const;
  // Fails with unavailable: the key is then not kept.
  Status keep_snapshot_key(const Hash& manifest, const Secret<32>& key);

  // The last head of each population's ledger that this home remembers (client/ledger).
  [[nodiscard]] const std::map<std::string, log::Head>& ledger_heads() const {
    return ledger_heads_;
  }
  // Fails with unverified (ledger_rolled_back: a later head is known), unavailable: not remembered.
  Status keep_ledger_head(const std::string& population, const log::Head& head);
  // Takes in what another process has kept since this one read the file. Fails as open(), or with
  // unavailable (key_file_replaced).
  Status refresh();

 private:
  Home(std::filesystem::path folder, PublicIdentity identity, crypto::SigningKey signing_key,
       crypto::SealingKey sealing_key);
  [[nodiscard]] Status save() const;
  [[nodiscard]] SecretBytes print_secrets() const;
  Status read_secrets(ByteView secrets, std::int64_t version);

  std::filesystem::path folder_;
  PublicIdentity identity_;
  crypto::SigningKey signing_key_;
  crypto::SealingKey sealing_key_;
  std::map<std::pair<std::string, std::uint32_t>, Secret<32>> token_keys_;
  std::map<Hash, Secret<32>> snapshot_keys_;
  std::map<std::string, log::Head> ledger_heads_;
  crypto::ScryptCost cost_;
  std::array<std::uint8_t, 16> salt_{};
  Secret<32> wrapping_key_;  // scrypt(passphrase, salt)
};

}  // namespace gbx::client
