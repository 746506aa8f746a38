#pragma once

// The bindings that this boot has issued, one per nonce, with the evidence for each: what a key
// release or a request may refer to. Bounded; the oldest is forgotten first, and whoever held it
// says hello again.

#include <deque>
#include <optional>
#include <string>

#include "trusted/packet/binding.h"

namespace gbx::room {

struct IssuedBinding {
  packet::Binding binding;
  packet::BindingDigest digest{};
  Json evidence;  // the platform's packet
};

class Bindings {
 public:
  static constexpr std::size_t kIssuedMax = 256;

  void add(IssuedBinding issued);
  // nullptr when this boot has not issued it, or has forgotten it.
  [[nodiscard]] const IssuedBinding* find(const packet::BindingDigest& digest) const;
  [[nodiscard]] const IssuedBinding* find_nonce(ByteView nonce) const;

 private:
  std::deque<IssuedBinding> issued_;
};

}  // namespace gbx::room
