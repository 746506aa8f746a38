#pragma once

// The examples of docs/spec: tests make them anew and compare, so that a page cannot go stale.
// Parties of the examples have keys that anybody can make: SHA-256 of a sentence.

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "trusted/base/json.h"
#include "trusted/base/seams.h"
#include "trusted/crypto/hash.h"
#include "trusted/crypto/hpke.h"
#include "trusted/crypto/sign.h"

namespace gbx::spec {

// The ```json blocks of docs/spec/<page>, in order.
inline std::vector<Json> examples(const std::string& page) {
  std::ifstream in(std::string(GBX_SOURCE_DIR "/docs/spec/") + page);
  std::vector<Json> out;
  std::string block;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (inside && line == "```") {
      auto json = Json::parse(block);
      out.push_back(json ? std::move(json).value() : Json("this block does not parse"));
      inside = false;
    } else if (inside) {
      block += line + "\n";
    } else if (line == "```json") {
      inside = true;
      block.clear();
    }
  }
  return out;
}

inline bool mentions(const std::string& page, const std::string& text) {
  std::ifstream in(std::string(GBX_SOURCE_DIR "/docs/spec/") + page);
  std::stringstream all;
  all << in.rdbuf();
  return all.str().find(text) != std::string::npos;
}

// SHA-256 of "glovebox example: <what>".
inline Hash example_hash(const std::string& what) {
  return crypto::sha256(as_bytes("glovebox example: " + what));
}
inline crypto::SigningKey example_signing_key(const std::string& party) {
  return crypto::SigningKey::from_seed(Secret<32>(example_hash(party + " signing")));
}
inline crypto::SealingKey example_sealing_key(const std::string& party) {
  return crypto::SealingKey::from_secret(Secret<32>(example_hash(party + " sealing")));
}

// Every byte is 0x42.
class ExampleEntropy final : public Entropy {
 public:
  Status fill(std::span<std::uint8_t> out) noexcept override {
    for (std::uint8_t& byte : out) byte = 0x42;
    return {};
  }
};

}  // namespace gbx::spec
