#include "client/keys/home.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "client/keys/atomic_file.h"
#include "trusted/crypto/aead.h"
#include "trusted/crypto/entropy.h"

namespace gbx::client {
namespace {

constexpr Literal kMalformed = "key_file_malformed";
constexpr std::size_t kFileBytesMax = std::size_t{16} << 20;
constexpr std::size_t kKeysMax = 100'000;
constexpr std::size_t kCollaborationBytesMax = 64;
constexpr std::size_t kPopulationBytesMax = 64;
constexpr unsigned kPrivateMode = 0600;
constexpr std::int64_t kVersion = 2;
constexpr std::int64_t kVersionWithoutLedgers = 1;  // is still read

// What is readable without the passphrase; all of it is bound to what is not.
struct KeyFile {
  PublicIdentity identity;
  crypto::ScryptCost cost;
  std::array<std::uint8_t, 16> salt{};
  crypto::AeadNonce nonce{};
  Bytes sealed;
  std::int64_t version = kVersion;
};

std::filesystem::path file_in(const std::filesystem::path& folder) { return folder / "keys.json"; }

Json encode_open_part(const KeyFile& file) {
  return Json::object({{"name", file.identity.name},
                       {"nonce", to_hex(file.nonce)},
                       {"salt", to_hex(file.salt)},
                       {"scrypt_n", file.cost.n},
                       {"scrypt_p", static_cast<std::int64_t>(file.cost.p)},
                       {"scrypt_r", static_cast<std::int64_t>(file.cost.r)},
                       {"sealing_key", to_hex(file.identity.sealing_key)},
                       {"signing_key", to_hex(file.identity.signing_key)},
                       {"version", file.version}});
}

Result<KeyFile> decode(std::string_view text) {
  GBX_TRY_ASSIGN(const Json json, Json::parse_canonical(text));
  Fields fields(json, kMalformed);
  KeyFile out;
  out.identity.name = fields.text("name", 64);
  out.nonce = fields.hex_array<12>("nonce");
  out.salt = fields.hex_array<16>("salt");
  out.cost.n = static_cast<std::uint64_t>(fields.integer("scrypt_n", 2, std::int64_t{1} << 30));
  out.cost.p = static_cast<std::uint32_t>(fields.integer("scrypt_p", 1, 16));
  out.cost.r = static_cast<std::uint32_t>(fields.integer("scrypt_r", 1, 64));
  out.sealed = fields.base64("sealed", kFileBytesMax);
  out.identity.sealing_key = fields.hex_array<32>("sealing_key");
  out.identity.signing_key = fields.hex_array<32>("signing_key");
  out.version = fields.integer("version", kVersionWithoutLedgers, kVersion);
  if (!is_member_name(out.identity.name)) fields.fail();
  GBX_TRY(fields.finish());
  return out;
}

Result<KeyFile> load(const std::filesystem::path& folder) {
  const auto text = read_file(file_in(folder), kFileBytesMax);
  if (!text && text.error().code == ErrorCode::not_found)
    return Error{ErrorCode::not_found, "home_missing"};
  if (!text) return text.error();
  auto file = decode(*text);
  if (!file) return Error{ErrorCode::invalid_argument, kMalformed};
  return file;
}

Result<SecretBytes> open_secrets(const KeyFile& file, const Secret<32>& wrapping_key) {
  const std::string open_part = encode_open_part(file).canonical();
  auto opened = crypto::aead_open(wrapping_key, file.nonce, as_bytes(open_part), file.sealed);
  if (!opened) return Error{ErrorCode::unverified, "passphrase_wrong"};
  return SecretBytes(std::move(opened).value());
}

// Appends to bytes whose room was reserved: growing would leave copies of secrets behind.
void append(Bytes& out, ByteView bytes) {
  GBX_CHECK(out.capacity() - out.size() >= bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_u32(Bytes& out, std::size_t value) {
  Writer writer;
  writer.u32(static_cast<std::uint32_t>(value));
  append(out, writer.bytes());
}

Secret<32> take_secret(Reader& reader) {
  auto secret = Secret<32>::from(reader.view(32));
  return secret ? std::move(secret).value() : Secret<32>();
}

}  // namespace

Home::Home(std::filesystem::path folder, PublicIdentity identity, crypto::SigningKey signing_key,
           crypto::SealingKey sealing_key)
    : folder_(std::move(folder)),
      identity_(std::move(identity)),
      signing_key_(std::move(signing_key)),
      sealing_key_(std::move(sealing_key)) {}

Result<Home> Home::create(const std::filesystem::path& folder, const std::string& name,
                          ByteView passphrase, crypto::ScryptCost cost) {
  if (!is_member_name(name)) return Error{ErrorCode::invalid_argument, "name_malformed"};
  std::error_code error;
  if (std::filesystem::exists(file_in(folder), error))
    return Error{ErrorCode::invalid_argument, "home_exists"};
  const bool made = std::filesystem::create_directories(folder, error);
  if (error) return Error{ErrorCode::unavailable, "file_unwritable"};
  if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  crypto::SystemEntropy entropy;
  GBX_TRY_ASSIGN(crypto::SigningKey signing_key, crypto::SigningKey::make(entropy));
  GBX_TRY_ASSIGN(crypto::SealingKey sealing_key, crypto::SealingKey::make(entropy));
  const PublicIdentity identity{name, signing_key.public_key(), sealing_key.public_key()};
  Home home(folder, identity, std::move(signing_key), std::move(sealing_key));
  home.cost_ = cost;
  GBX_TRY(entropy.fill(home.salt_));
  GBX_TRY_ASSIGN(home.wrapping_key_, crypto::scrypt(passphrase, home.salt_, cost));
  GBX_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder));
  if (std::filesystem::exists(file_in(folder), error))
    return Error{ErrorCode::invalid_argument, "home_exists"};
  GBX_TRY(home.save());
  return home;
}

Result<Home> Home::open(const std::filesystem::path& folder, ByteView passphrase) {
  GBX_TRY_ASSIGN(const KeyFile file, load(folder));
  GBX_TRY_ASSIGN(Secret<32> wrapping_key, crypto::scrypt(passphrase, file.salt, file.cost));
  GBX_TRY_ASSIGN(const SecretBytes secrets, open_secrets(file, wrapping_key));
  // The keys that these stand for until read_secrets() has put the real ones in place.
  Home home(folder, file.identity, crypto::SigningKey::from_seed({}),
            crypto::SealingKey::from_secret({}));
  GBX_TRY(home.read_secrets(secrets.view(), file.version));
  home.cost_ = file.cost;
  home.salt_ = file.salt;
  home.wrapping_key_ = std::move(wrapping_key);
  return home;
}

Status Home::refresh() {
  GBX_TRY_ASSIGN(const KeyFile file, load(folder_));
  if (file.identity != identity_ || file.salt != salt_) {
    return Error{ErrorCode::unavailable, "key_file_replaced"};
  }
  GBX_TRY_ASSIGN(const SecretBytes secrets, open_secrets(file, wrapping_key_));
  return read_secrets(secrets.view(), file.version);
}

Result<PublicIdentity> Home::peek(const std::filesystem::path& folder) {
  GBX_TRY_ASSIGN(const KeyFile file, load(folder));
  return file.identity;
}

// docs/spec/sealed-keys.md, "What is sealed".
SecretBytes Home::print_secrets() const {
  std::size_t size = 2 * 32 + 3 * 4 + snapshot_keys_.size() * (32 + 32);
  for (const auto& [which, key] : token_keys_) size += 4 + which.first.size() + 4 + 32;
  for (const auto& [population, head] : ledger_heads_) size += 4 + population.size() + 8 + 32;
  SecretBytes secrets;
  Bytes& out = secrets.mutable_bytes();
  out.reserve(size);
  append(out, signing_key_.seed().view());
  append(out, sealing_key_.secret().view());
  append_u32(out, token_keys_.size());
  for (const auto& [which, key] : token_keys_) {
    append_u32(out, which.first.size());
    append(out, as_bytes(which.first));
    append_u32(out, which.second);
    append(out, key.view());
  }
  append_u32(out, snapshot_keys_.size());
  for (const auto& [manifest, key] : snapshot_keys_) {
    append(out, manifest);
    append(out, key.view());
  }
  append_u32(out, ledger_heads_.size());
  for (const auto& [population, head] : ledger_heads_) {
    Writer writer;
    writer.block(population);
    writer.u64(head.size);
    writer.raw(head.hash);
    append(out, writer.bytes());
  }
  GBX_CHECK(out.size() == size);
  return secrets;
}

Status Home::read_secrets(ByteView secrets, std::int64_t version) {
  const Error malformed{ErrorCode::invalid_argument, kMalformed};
  Reader reader(secrets);
  signing_key_ = crypto::SigningKey::from_seed(take_secret(reader));
  sealing_key_ = crypto::SealingKey::from_secret(take_secret(reader));
  const std::uint32_t tokens = reader.u32();
  if (tokens > kKeysMax) return malformed;
  for (std::uint32_t i = 0; i < tokens && !reader.failed(); i++) {
    const std::string collaboration(as_text(reader.block(kCollaborationBytesMax)));
    const std::uint32_t epoch = reader.u32();
    token_keys_.insert_or_assign({collaboration, epoch}, take_secret(reader));
  }
  const std::uint32_t snapshots = reader.u32();
  if (snapshots > kKeysMax) return malformed;
  for (std::uint32_t i = 0; i < snapshots && !reader.failed(); i++) {
    const Hash manifest = reader.array<32>();
    snapshot_keys_.insert_or_assign(manifest, take_secret(reader));
  }
  const std::uint32_t ledgers = version == kVersionWithoutLedgers ? 0 : reader.u32();
  if (ledgers > kKeysMax) return malformed;
  for (std::uint32_t i = 0; i < ledgers && !reader.failed(); i++) {
    const std::string population(as_text(reader.block(kPopulationBytesMax)));
    const std::uint64_t size = reader.u64();
    ledger_heads_.insert_or_assign(population, log::Head{size, reader.array<32>()});
  }
  if (!reader.done() || signing_key_.public_key() != identity_.signing_key ||
      sealing_key_.public_key() != identity_.sealing_key) {
    return malformed;
  }
  return {};
}

Status Home::save() const {
  KeyFile file{identity_, cost_, salt_, {}, {}, kVersion};
  crypto::SystemEntropy entropy;
  GBX_TRY(entropy.fill(file.nonce));
  Json json = encode_open_part(file);
  const SecretBytes secrets = print_secrets();
  const Bytes sealed =
      crypto::aead_seal(wrapping_key_, file.nonce, as_bytes(json.canonical()), secrets.view());
  json.set("sealed", to_base64(sealed));
  return write_file(file_in(folder_), json.canonical(), kPrivateMode);
}

const Secret<32>* Home::token_key(const std::string& collaboration, std::uint32_t epoch) const {
  const auto found = token_keys_.find({collaboration, epoch});
  return found == token_keys_.end() ? nullptr : &found->second;
}

Status Home::keep_token_key(const std::string& collaboration, std::uint32_t epoch,
                            const Secret<32>& key) {
  GBX_CHECK(collaboration.size() <= kCollaborationBytesMax);
  GBX_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder_));
  GBX_TRY(refresh());
  if (const Secret<32>* known = token_key(collaboration, epoch)) {
    if (equal_constant_time(known->view(), key.view())) return {};
    return Error{ErrorCode::invalid_argument, "token_key_exists"};
  }
  token_keys_.insert_or_assign({collaboration, epoch}, key.copy());
  const Status saved = save();
  if (!saved) token_keys_.erase({collaboration, epoch});
  return saved;
}

std::vector<std::pair<std::string, std::uint32_t>> Home::token_keys() const {
  std::vector<std::pair<std::string, std::uint32_t>> out;
  for (const auto& entry : token_keys_) out.push_back(entry.first);
  return out;
}

const Secret<32>* Home::snapshot_key(const Hash& manifest) const {
  const auto found = snapshot_keys_.find(manifest);
  return found == snapshot_keys_.end() ? nullptr : &found->second;
}

Status Home::keep_snapshot_key(const Hash& manifest, const Secret<32>& key) {
  GBX_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder_));
  GBX_TRY(refresh());
  snapshot_keys_.insert_or_assign(manifest, key.copy());
  const Status saved = save();
  if (!saved) snapshot_keys_.erase(manifest);
  return saved;
}

Status Home::keep_ledger_head(const std::string& population, const log::Head& head) {
  GBX_CHECK(is_member_name(population));
  GBX_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder_));
  GBX_TRY(refresh());
  const auto known = ledger_heads_.find(population);
  const std::optional<log::Head> before =
      known == ledger_heads_.end() ? std::nullopt : std::optional(known->second);
  if (before && before->size >= head.size) {
    if (*before == head) return {};
    return Error{ErrorCode::unverified, "ledger_rolled_back"};
  }
  ledger_heads_.insert_or_assign(population, head);
  const Status saved = save();
  if (!saved && before) ledger_heads_.insert_or_assign(population, *before);
  if (!saved && !before) ledger_heads_.erase(population);
  return saved;
}

}  // namespace gbx::client
