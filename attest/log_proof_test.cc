#include "attest/log_proof.h"

#include <gtest/gtest.h>

#include "tests/spec/examples.h"
#include "trusted/crypto/hash.h"

namespace gbx::attest {
namespace {

constexpr const char* kOrigin = "example.com/images";

const crypto::SigningKey& keeper() {
  static const crypto::SigningKey kKey = spec::example_signing_key("image log");
  return kKey;
}

LogKey log_key() { return {kOrigin, keeper().public_key()}; }

Hash hash_of(const std::string& hex) {
  Hash out{};
  const Bytes bytes = from_hex(hex).value();
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

// The leaves, roots and paths of the tests of github.com/google/certificate-transparency
// (cpp/merkletree/merkle_tree_test.cc), now in github.com/transparency-dev/merkle
// (testonly/reference.go and constants.go).
const char* const kLeaves[] = {"",
                               "00",
                               "10",
                               "2021",
                               "3031",
                               "40414243",
                               "5051525354555657",
                               "606162636465666768696a6b6c6d6e6f"};
const char* const kRoots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                              "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                              "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                              "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                              "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                              "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
struct Known {
  std::size_t index;
  std::size_t size;
  std::vector<std::string> path;
};
const Known kPaths[] = {
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
};

InclusionProof proof_of(const Known& known) {
  InclusionProof out;
  out.index = known.index;
  for (const std::string& hex : known.path) out.path.push_back(hash_of(hex));
  out.checkpoint =
      sign_checkpoint({kOrigin, known.size, hash_of(kRoots[known.size - 1])}, keeper());
  return out;
}

// "size N", or the reason of the refusal.
std::string verdict(const std::string& proof, const std::string& entry_hex) {
  const auto checkpoint = verify_inclusion(proof, log_key(), from_hex(entry_hex).value());
  return checkpoint ? "size " + std::to_string(checkpoint->size)
                    : std::string(checkpoint.error().reason.view());
}

std::string verdict(const InclusionProof& proof, const std::string& entry_hex) {
  return verdict(print_inclusion_proof(proof), entry_hex);
}

TEST(LogProof, TheTreesOfCertificateTransparency) {
  for (const Known& known : kPaths) {
    EXPECT_EQ(verdict(proof_of(known), kLeaves[known.index]), "size " + std::to_string(known.size));
  }
  EXPECT_EQ(to_hex(leaf_hash({})), kRoots[0]);
  EXPECT_EQ(to_hex(node_hash(leaf_hash({}), leaf_hash(from_hex("00").value()))), kRoots[1]);
}

TEST(LogProof, OnlyForItsPlaceItsPathAndItsEntry) {
  for (const Known& known : kPaths) {
    const InclusionProof good = proof_of(known);
    for (std::size_t index = 0; index < 10; index++) {
      if (index == known.index) continue;
      InclusionProof moved = good;
      moved.index = index;
      EXPECT_EQ(verdict(moved, kLeaves[known.index]), "image_log_proof_wrong");
    }
    for (const char* leaf : kLeaves) {
      if (leaf == kLeaves[known.index]) continue;
      EXPECT_EQ(verdict(good, leaf), "image_log_proof_wrong");
    }
    InclusionProof longer = good;
    longer.path.push_back(leaf_hash({}));
    EXPECT_EQ(verdict(longer, kLeaves[known.index]), "image_log_proof_wrong");
    if (good.path.empty()) continue;
    InclusionProof shorter = good;
    shorter.path.pop_back();
    EXPECT_EQ(verdict(shorter, kLeaves[known.index]), "image_log_proof_wrong");
  }
  InclusionProof empty{0, {}, sign_checkpoint({kOrigin, 0, crypto::sha256({})}, keeper())};
  EXPECT_EQ(verdict(empty, ""), "image_log_proof_wrong");
  // The hash of a node is no leaf: what is hashed for one begins with another byte.
  InclusionProof node = proof_of(kPaths[1]);
  node.path.erase(node.path.begin());
  EXPECT_EQ(verdict(node, std::string(kRoots[0]) + to_hex(node.path[0])), "image_log_proof_wrong");
}

TEST(LogProof, OfThisLogAndThisKey) {
  const Known& known = kPaths[2];
  const Hash root = hash_of(kRoots[7]);
  InclusionProof proof = proof_of(known);
  proof.checkpoint = sign_checkpoint({"example.com/other", 8, root}, keeper());
  EXPECT_EQ(verdict(proof, kLeaves[5]), "image_log_origin_wrong");
  const crypto::SigningKey other = spec::example_signing_key("other");
  proof.checkpoint = sign_checkpoint({kOrigin, 8, root}, other);
  EXPECT_EQ(verdict(proof, kLeaves[5]), "image_log_signature_wrong");
  // Under the right key id, too.
  std::string line = sign_checkpoint({kOrigin, 7, root}, keeper());
  std::string body = sign_checkpoint({kOrigin, 8, root}, keeper());
  proof.checkpoint = body.substr(0, body.find("\n\n")) + line.substr(line.find("\n\n"));
  EXPECT_EQ(verdict(proof, kLeaves[5]), "image_log_signature_wrong");
}

TEST(LogProof, EveryFlippedBitIsRefused) {
  const Known& known = kPaths[2];
  const std::string text = print_inclusion_proof(proof_of(known));
  ASSERT_EQ(verdict(text, kLeaves[5]), "size 8");
  for (std::size_t bit = 0; bit < 8 * text.size(); bit++) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(verdict(changed, kLeaves[5]).starts_with("image_log_")) << bit;
  }
  for (std::size_t size = 0; size < text.size(); size++) {
    EXPECT_TRUE(verdict(text.substr(0, size), kLeaves[5]).starts_with("image_log_")) << size;
  }
  const std::string note = proof_of(known).checkpoint;
  ASSERT_TRUE(verify_checkpoint(note, log_key()));
  for (std::size_t bit = 0; bit < 8 * note.size(); bit++) {
    std::string changed = note;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(verify_checkpoint(changed, log_key())) << bit;
  }
  Bytes leaf = from_hex(kLeaves[5]).value();
  for (std::size_t bit = 0; bit < 8 * leaf.size(); bit++) {
    leaf[bit / 8] = static_cast<std::uint8_t>(leaf[bit / 8] ^ (1U << bit % 8));
    EXPECT_EQ(verdict(text, to_hex(leaf)), "image_log_proof_wrong") << bit;
    leaf[bit / 8] = static_cast<std::uint8_t>(leaf[bit / 8] ^ (1U << bit % 8));
  }
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  GBX_CHECK(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string reason_of_note(const std::string& note) {
  const auto checkpoint = verify_checkpoint(note, log_key());
  return checkpoint ? "taken" : std::string(checkpoint.error().reason.view());
}

TEST(Checkpoint, HasOneSpelling) {
  const std::string note = sign_checkpoint({kOrigin, 8, hash_of(kRoots[7])}, keeper());
  ASSERT_EQ(reason_of_note(note), "taken");
  const std::string malformed = "image_log_checkpoint_malformed";
  EXPECT_EQ(reason_of_note(""), malformed);
  EXPECT_EQ(reason_of_note(note + "\n"), malformed);
  EXPECT_EQ(reason_of_note(note + note), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n8\n", "\n08\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n8\n", "\n+8\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n8\n", "\n-8\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n8\n", "\n\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n8\n", "\n9007199254740992\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n8\n", "\n99999999999999999999\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n\n", "\nextension\n\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n\n", "\n\n\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\n\n", "\r\n\n")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "\xE2\x80\x94 ", "- ")), malformed);
  EXPECT_EQ(reason_of_note(with(note, " example", " Example")), malformed);
  EXPECT_EQ(reason_of_note(with(note, "=\n", "\n")), malformed);
  // A second signature, whoever's it is: witnesses are not known yet.
  const std::string line = note.substr(note.find("\n\n") + 2);
  EXPECT_EQ(reason_of_note(note + line), malformed);
  EXPECT_EQ(reason_of_note(std::string(kCheckpointBytesMax + 1, 'x')), malformed);
}

TEST(Checkpoint, TheLargestThatThereIs) {
  const std::string origin(kLogOriginBytesMax, 'o');
  const Checkpoint most{origin, kLogSizeMax, Hash{}};
  const std::string note = sign_checkpoint(most, keeper());
  EXPECT_EQ(verify_checkpoint(note, {origin, keeper().public_key()}).value(), most);
  InclusionProof proof{kLogSizeMax, std::vector<Hash>(kLogPathMax), note};
  const std::string text = print_inclusion_proof(proof);
  EXPECT_LE(text.size(), kLogProofBytesMax);
  EXPECT_TRUE(parse_inclusion_proof(text));
  proof.path.emplace_back();
  EXPECT_FALSE(parse_inclusion_proof(print_inclusion_proof(proof)));
}

TEST(LogProof, HasOneSpelling) {
  const std::string text = print_inclusion_proof(proof_of(kPaths[2]));
  const std::string malformed = "image_log_proof_malformed";
  EXPECT_EQ(verdict("", kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "@v1", "@v2"), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "index 5\n", ""), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "index 5", "index 05"), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "index 5", "index  5"), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "index 5", "index 5 "), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "index 5", "Index 5"), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "index 5", "index 9007199254740992"), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "index", "extra YWJj\nindex"), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "=\n", "\n"), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(text + "\n", kLeaves[5]), "image_log_checkpoint_malformed");
  EXPECT_EQ(verdict(text + std::string(kLogProofBytesMax, '\n'), kLeaves[5]), malformed);
  EXPECT_EQ(verdict(with(text, "\n\n", "\n\n\n"), kLeaves[5]), "image_log_checkpoint_malformed");
}

// Of golang.org/x/mod/sumdb/note (example_test.go), and of sum.golang.org (cmd/go): the key ids of
// others are made as ours.
TEST(LogKey, OfOthers) {
  for (const std::string text :
       {"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"}) {
    const auto key = parse_log_key(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(print_log_key(*key), text);
  }
}

TEST(LogKey, HasOneSpelling) {
  const std::string text = print_log_key(log_key());
  EXPECT_EQ(parse_log_key(text).value(), log_key());
  const auto refused = [](const std::string& other) {
    const auto key = parse_log_key(other);
    return !key && key.error().reason == Literal("image_log_key_malformed");
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(kOrigin));
  EXPECT_TRUE(refused(text + "\n"));
  EXPECT_TRUE(refused("+" + text));
  EXPECT_TRUE(refused(to_hex(keeper().public_key())));
  EXPECT_TRUE(refused(with(text, "example", "Example")));  // another name has another key id
  EXPECT_TRUE(refused(with(text, "example.com", "example com")));
  for (std::size_t bit = 0; bit < 8 * text.size(); bit++) {
    std::string changed = text;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_TRUE(refused(changed)) << bit;
  }
  // A witness's key (0x04), under its own key id.
  Bytes field{0x04};
  field.insert(field.end(), keeper().public_key().begin(), keeper().public_key().end());
  Bytes named = to_bytes(std::string(kOrigin) + "\n");
  named.insert(named.end(), field.begin(), field.end());
  const Hash id = crypto::sha256(named);
  EXPECT_TRUE(
      refused(std::string(kOrigin) + "+" + to_hex(ByteView(id).first(4)) + "+" + to_base64(field)));
}

}  // namespace
}  // namespace gbx::attest
