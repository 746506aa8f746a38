#include "attest/log_proof.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr Error kKeyMalformed{ErrorCode::invalid_argument, "image_log_key_malformed"};
constexpr Error kCheckpointMalformed{ErrorCode::invalid_argument, "image_log_checkpoint_malformed"};
constexpr Error kProofMalformed{ErrorCode::invalid_argument, "image_log_proof_malformed"};
constexpr Error kProofWrong{ErrorCode::unverified, "image_log_proof_wrong"};

constexpr std::string_view kProofHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kIndex = "index ";
constexpr std::string_view kDash = "\xE2\x80\x94 ";  // U+2014 and a space
constexpr std::uint8_t kEd25519 = 0x01;
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kKeyIdDigits = 2 * kKeyIdBytes;

// SHA-256(origin || "\n" || 0x01 || key)[:4].
Bytes key_id(const LogKey& key) {
  Bytes out = to_bytes(key.origin);
  out.push_back('\n');
  out.push_back(kEd25519);
  out.insert(out.end(), key.key.begin(), key.key.end());
  const Hash hash = crypto::sha256(out);
  return {hash.begin(), hash.begin() + kKeyIdBytes};
}

// The line up to the next newline, both taken from `rest`; nothing without a newline.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

// Whoever calls it prints the number again and compares, so that it has one spelling.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  if (out > kLogSizeMax) return std::nullopt;
  return out;
}

template <std::size_t N>
std::optional<std::array<std::uint8_t, N>> base64_of(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != N) return std::nullopt;
  std::array<std::uint8_t, N> out{};
  std::copy(bytes->begin(), bytes->end(), out.begin());
  return out;
}

using SignatureField = std::array<std::uint8_t, kKeyIdBytes + crypto::Signature{}.size()>;

struct Note {
  Checkpoint checkpoint;
  SignatureField signature{};  // key id, then Ed25519
};

// What is signed.
std::string body_of(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         to_base64(checkpoint.root) + "\n";
}

std::string print_note(const Note& note) {
  return body_of(note.checkpoint) + "\n" + std::string(kDash) + note.checkpoint.origin + " " +
         to_base64(note.signature) + "\n";
}

Result<Note> parse_note(std::string_view text) {
  if (text.size() > kCheckpointBytesMax) return kCheckpointMalformed;
  std::string_view rest = text;
  const auto origin = take_line(rest);
  const auto size = take_line(rest);
  const auto root = take_line(rest);
  const auto blank = take_line(rest);
  const auto signature = take_line(rest);
  if (!origin || !size || !root || !blank || !signature) return kCheckpointMalformed;
  if (!is_log_origin(*origin)) return kCheckpointMalformed;
  const auto number = number_of(*size);
  const auto hash = base64_of<32>(*root);
  const std::size_t space = signature->rfind(' ');
  if (!number || !hash || space == std::string_view::npos) return kCheckpointMalformed;
  const auto field = base64_of<SignatureField{}.size()>(signature->substr(space + 1));
  if (!field) return kCheckpointMalformed;
  const Note out{{std::string(*origin), *number, *hash}, *field};
  if (print_note(out) != text) return kCheckpointMalformed;
  return out;
}

// The root over a leaf and its path; nothing when the path is not as long as this place in a tree
// of this size has it.
std::optional<Hash> root_of(Hash hash, std::uint64_t index, std::uint64_t size,
                            const std::vector<Hash>& path) {
  if (index >= size) return std::nullopt;
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  for (const Hash& sibling : path) {
    if (last == 0) return std::nullopt;
    if (node % 2 == 1 || node == last) {
      hash = node_hash(sibling, hash);
      // A last node without a sibling stands for itself on the levels above.
      while (node % 2 == 0 && node != 0) {
        node /= 2;
        last /= 2;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node /= 2;
    last /= 2;
  }
  return last == 0 ? std::optional<Hash>(hash) : std::nullopt;
}

}  // namespace

bool is_log_origin(std::string_view text) {
  return !text.empty() && text.size() <= kLogOriginBytesMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '+'; });
}

Result<LogKey> parse_log_key(std::string_view text) {
  const std::size_t plus = text.find('+');
  if (plus == std::string_view::npos || text.size() < plus + 2 + kKeyIdDigits) return kKeyMalformed;
  const auto field =
      base64_of<1 + crypto::PublicKey{}.size()>(text.substr(plus + 2 + kKeyIdDigits));
  if (!field) return kKeyMalformed;
  LogKey out{std::string(text.substr(0, plus)), {}};
  std::copy(field->begin() + 1, field->end(), out.key.begin());
  if (!is_log_origin(out.origin) || print_log_key(out) != text) return kKeyMalformed;
  return out;
}

std::string print_log_key(const LogKey& key) {
  Bytes field{kEd25519};
  field.insert(field.end(), key.key.begin(), key.key.end());
  return key.origin + "+" + to_hex(key_id(key)) + "+" + to_base64(field);
}

std::string sign_checkpoint(const Checkpoint& checkpoint, const crypto::SigningKey& key) {
  GBX_CHECK(is_log_origin(checkpoint.origin) && checkpoint.size <= kLogSizeMax);
  Note note{checkpoint, {}};
  const Bytes id = key_id({checkpoint.origin, key.public_key()});
  const crypto::Signature signature = key.sign(as_bytes(body_of(checkpoint)));
  std::copy(signature.begin(), signature.end(),
            std::copy(id.begin(), id.end(), note.signature.begin()));
  return print_note(note);
}

Result<Checkpoint> read_checkpoint(std::string_view note) {
  GBX_TRY_ASSIGN(Note parsed, parse_note(note));
  return std::move(parsed.checkpoint);
}

Result<Checkpoint> verify_checkpoint(std::string_view note, const LogKey& key) {
  const Error wrong{ErrorCode::unverified, "image_log_signature_wrong"};
  GBX_TRY_ASSIGN(Note parsed, parse_note(note));
  if (parsed.checkpoint.origin != key.origin) {
    return Error{ErrorCode::unverified, "image_log_origin_wrong"};
  }
  const ByteView field(parsed.signature);
  const Bytes id = key_id(key);
  if (!std::equal(id.begin(), id.end(), field.begin())) return wrong;
  const std::string body = body_of(parsed.checkpoint);
  if (!crypto::verify(key.key, as_bytes(body), field.subspan(kKeyIdBytes))) return wrong;
  return std::move(parsed.checkpoint);
}

Hash leaf_hash(ByteView entry) {
  constexpr std::uint8_t kLeaf = 0x00;
  crypto::Sha256 hash;
  hash.update({&kLeaf, 1});
  hash.update(entry);
  return hash.finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
  constexpr std::uint8_t kNode = 0x01;
  crypto::Sha256 hash;
  hash.update({&kNode, 1});
  hash.update(left);
  hash.update(right);
  return hash.finish();
}

Result<InclusionProof> parse_inclusion_proof(std::string_view text) {
  if (text.size() > kLogProofBytesMax) return kProofMalformed;
  std::string_view rest = text;
  if (take_line(rest) != kProofHeader) return kProofMalformed;
  const auto index = take_line(rest);
  if (!index || !index->starts_with(kIndex)) return kProofMalformed;
  const auto number = number_of(index->substr(kIndex.size()));
  if (!number) return kProofMalformed;
  InclusionProof out;
  out.index = *number;
  for (auto line = take_line(rest); !line || !line->empty(); line = take_line(rest)) {
    const auto hash = line ? base64_of<32>(*line) : std::nullopt;
    if (!hash || out.path.size() == kLogPathMax) return kProofMalformed;
    out.path.push_back(*hash);
  }
  out.checkpoint = rest;
  GBX_TRY(parse_note(rest));
  if (print_inclusion_proof(out) != text) return kProofMalformed;
  return out;
}

std::string print_inclusion_proof(const InclusionProof& proof) {
  std::string out =
      std::string(kProofHeader) + "\n" + std::string(kIndex) + std::to_string(proof.index) + "\n";
  for (const Hash& hash : proof.path) out += to_base64(hash) + "\n";
  return out + "\n" + proof.checkpoint;
}

Result<Checkpoint> verify_inclusion(std::string_view proof, const LogKey& key, ByteView entry) {
  GBX_TRY_ASSIGN(const InclusionProof parsed, parse_inclusion_proof(proof));
  GBX_TRY_ASSIGN(Checkpoint checkpoint, verify_checkpoint(parsed.checkpoint, key));
  const auto root = root_of(leaf_hash(entry), parsed.index, checkpoint.size, parsed.path);
  if (root != checkpoint.root) return kProofWrong;
  return checkpoint;
}

}  // namespace gbx::attest
