// The packets between parties and a room: what opens, and everything that must not.

#include <gtest/gtest.h>

#include "trusted/crypto/entropy.h"
#include "trusted/crypto/hash.h"
#include "trusted/packet/close_request.h"
#include "trusted/packet/key_release.h"
#include "trusted/packet/request.h"
#include "trusted/packet/sealed_answer.h"
#include "trusted/packet/statement.h"

namespace gbx::packet {
namespace {

struct Parties {
  crypto::SystemEntropy entropy;
  crypto::SigningKey owner = crypto::SigningKey::make(entropy).value();
  crypto::SealingKey room = crypto::SealingKey::make(entropy).value();
  Binding binding;
  ReleaseTerms terms;
  Secret<32> key = Secret<32>(crypto::sha256(as_bytes("key")));

  Parties() {
    binding.sealing_key = room.public_key();
    binding.log_origin = "glovebox.dev/room/test";
    terms.table = "purchases";
    terms.binding = digest(binding);
    terms.nonce = binding.nonce;
    terms.allotment = {1'500'000, std::uint64_t{1} << 59};
  }
  Envelope release() { return make_key_release(terms, key, binding, owner, entropy).value(); }
};

TEST(Binding, EveryFieldChangesTheDigest) {
  const Binding base;
  const BindingDigest before = digest(base);
  for (auto field : {&Binding::nonce, &Binding::signing_key, &Binding::sealing_key,
                     &Binding::policy_hash, &Binding::image_digest}) {
    Binding changed;
    (changed.*field)[31] = 1;
    EXPECT_NE(digest(changed), before);
  }
  Binding changed;
  changed.log_origin = "x";
  EXPECT_NE(digest(changed), before);
  EXPECT_EQ(decode_binding(encode(changed)).value(), changed);
  EXPECT_FALSE(decode_binding(Json::object({})));
}

TEST(KeyRelease, OpensInItsRoomOnly) {
  Parties parties;
  const Envelope envelope = parse_envelope(print_envelope(parties.release())).value();
  const auto opened = open_key_release(envelope, parties.owner.public_key(), parties.room);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->terms, parties.terms);
  EXPECT_TRUE(equal_constant_time(opened->snapshot_key.view(), parties.key.view()));
  EXPECT_EQ(peek_release_table(envelope).value(), "purchases");
  const auto other_room = crypto::SealingKey::make(parties.entropy).value();
  EXPECT_EQ(
      open_key_release(envelope, parties.owner.public_key(), other_room).error().reason.view(),
      "seal_broken");
  const auto other = crypto::SigningKey::make(parties.entropy).value();
  EXPECT_FALSE(open_key_release(envelope, other.public_key(), parties.room));
}

TEST(KeyRelease, NamesATableAsLongAsAPolicyMay) {
  Parties parties;
  const std::string name(63, 'a');
  parties.terms.table = name + "." + name;
  EXPECT_TRUE(open_key_release(parties.release(), parties.owner.public_key(), parties.room));
  parties.terms.table += "a";
  EXPECT_FALSE(open_key_release(parties.release(), parties.owner.public_key(), parties.room));
}

TEST(KeyRelease, AForgerCannotMoveTheKeyToOtherTerms) {
  // Another member signs a packet with other terms around the sealed key of a genuine one.
  Parties parties;
  const Json genuine = Json::parse(parties.release().payload).value();
  for (const char* field : {"binding", "delta", "epsilon", "log_head", "manifest_digest", "nonce",
                            "policy_hash", "table"}) {
    Json forged;
    for (const Json::Member& member : *genuine.object()) {
      std::string value = *member.second.string();
      if (member.first == field) value.back() = value.back() == '1' ? '2' : '1';
      forged.set(member.first, value);
    }
    Envelope envelope = make_envelope(kKeyReleaseType, forged);
    sign(envelope, parties.owner);
    EXPECT_FALSE(open_key_release(envelope, parties.owner.public_key(), parties.room)) << field;
  }
}

TEST(Request, RoundTripsAndRefuses) {
  Parties parties;
  Request request;
  request.member = "shopgood";
  request.sql = "SELECT 1";
  const Envelope plain = make_request(request, parties.owner);
  EXPECT_EQ(open_request(plain, parties.owner.public_key()).value(), request);
  request.epsilon = "0.5";
  request.dry_run = true;
  const Envelope priced = make_request(request, parties.owner);
  EXPECT_EQ(open_request(priced, parties.owner.public_key()).value(), request);
  EXPECT_EQ(peek_request_member(priced).value(), "shopgood");
  Envelope changed = priced;
  changed.payload = plain.payload;
  EXPECT_EQ(open_request(changed, parties.owner.public_key()).error().reason.view(),
            "signature_wrong");
  request.sql = std::string(kSqlBytesMax + 1, 'x');
  EXPECT_EQ(open_request(make_request(request, parties.owner), parties.owner.public_key())
                .error()
                .reason.view(),
            "request_malformed");
}

TEST(CloseRequest, RoundTripsAndRefuses) {
  const Parties parties;
  const CloseRequest request{.member = "shopgood",
                             .policy_hash = {1},
                             .binding = digest(parties.binding),
                             .nonce = {2},
                             .id = {3}};
  const Envelope good = make_close_request(request, parties.owner);
  EXPECT_EQ(open_close_request(good, parties.owner.public_key()).value(), request);
  EXPECT_EQ(peek_close_member(good).value(), "shopgood");
  const auto reason = [&](const Envelope& envelope) {
    const auto opened = open_close_request(envelope, parties.owner.public_key());
    return opened ? std::string("opened") : std::string(opened.error().reason.view());
  };
  Envelope changed = good;
  changed.payload.replace(changed.payload.find("shopgood"), 8, "shopgoof");
  EXPECT_EQ(reason(changed), "signature_wrong");
  Request question;
  question.member = "shopgood";
  EXPECT_EQ(reason(make_request(question, parties.owner)), "packet_type_wrong");
  const Json whole = Json::parse(good.payload).value();
  for (const char* left_out : {"binding", "id", "member", "nonce", "policy_hash"}) {
    Json payload;
    for (const Json::Member& member : *whole.object()) {
      if (member.first != left_out) payload.set(member.first, member.second);
    }
    Envelope envelope = make_envelope(kCloseType, payload);
    sign(envelope, parties.owner);
    EXPECT_EQ(reason(envelope), "close_malformed") << left_out;
    EXPECT_FALSE(peek_close_member(envelope)) << left_out;
  }
}

TEST(SealedAnswer, OpensForItsReceiversOnly) {
  Parties parties;
  const auto other = crypto::SealingKey::make(parties.entropy).value();
  const Receiver receivers[] = {{"shopgood", parties.room.public_key()}};
  const std::string packet =
      seal_answer("answer", receivers, as_bytes("id"), parties.entropy).value();
  EXPECT_EQ(open_answer(packet, "shopgood", parties.room, as_bytes("id")).value(), "answer");
  EXPECT_EQ(open_answer(packet, "newsnow", other, as_bytes("id")).error().reason.view(),
            "not_a_receiver");
  EXPECT_EQ(open_answer(packet, "shopgood", other, as_bytes("id")).error().reason.view(),
            "seal_broken");
  EXPECT_FALSE(open_answer(packet, "shopgood", parties.room, as_bytes("another id")));
  EXPECT_FALSE(open_answer(packet + " ", "shopgood", parties.room, as_bytes("id")));
  EXPECT_EQ(seal_answer("answer", {}, {}, parties.entropy).error().reason.view(),
            "receivers_wrong");
  const Receiver twice[] = {receivers[0], receivers[0]};
  EXPECT_EQ(seal_answer("answer", twice, {}, parties.entropy).error().reason.view(),
            "receivers_wrong");
  EXPECT_EQ(seal_answer(std::string((32U << 20) + 1, 'x'), receivers, {}, parties.entropy)
                .error()
                .reason.view(),
            "answer_too_large");
}

// A seal taken from one answer does not open another, not even of the same content key.
TEST(SealedAnswer, SealsAreForOneBody) {
  Parties parties;
  const Receiver receivers[] = {{"shopgood", parties.room.public_key()}};
  const auto seal = [&] {
    return Json::parse(seal_answer("answer", receivers, {}, parties.entropy).value()).value();
  };
  const Json first = seal();
  const Json second = seal();
  const Json mixed =
      Json::object({{"body", *first.find("body")}, {"receivers", *second.find("receivers")}});
  EXPECT_EQ(open_answer(mixed.canonical(), "shopgood", parties.room, {}).error().reason.view(),
            "seal_broken");
}

TEST(SealedAnswer, EveryFlippedBitIsRefused) {
  Parties parties;
  const Receiver receivers[] = {{"shopgood", parties.room.public_key()}};
  const std::string good = seal_answer("answer", receivers, {}, parties.entropy).value();
  for (std::size_t i = 0; i < good.size(); i++) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << i % 8));
    EXPECT_FALSE(open_answer(bad, "shopgood", parties.room, {})) << i;
  }
}

TEST(SealedAnswer, MalformedPacketsAreRefused) {
  Parties parties;
  const Receiver receivers[] = {{"newsnow", parties.room.public_key()},
                                {"shopgood", parties.room.public_key()}};
  const std::string good = seal_answer("answer", receivers, {}, parties.entropy).value();
  const auto reason = [&](const std::string& from, const std::string& to) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    GBX_CHECK(at != std::string::npos);
    bad.replace(at, from.size(), to);
    const auto opened = open_answer(bad, "shopgood", parties.room, {});
    return opened ? std::string("opened") : std::string(opened.error().reason.view());
  };
  EXPECT_EQ(reason("\"newsnow\"", "\"zebra\""), "sealed_answer_malformed") << "order";
  EXPECT_EQ(reason("\"newsnow\"", "\"shopgood\""), "sealed_answer_malformed") << "twice";
  EXPECT_EQ(reason("\"newsnow\"", "1"), "sealed_answer_malformed");
  EXPECT_EQ(reason("\"receivers\"", "\"recipients\""), "sealed_answer_malformed");
  EXPECT_EQ(open_answer("", "shopgood", parties.room, {}).error().code,
            ErrorCode::invalid_argument);
}

TEST(SealedAnswer, SizeSaysLittle) {
  Parties parties;
  const Receiver receivers[] = {{"shopgood", parties.room.public_key()}};
  const auto size = [&](std::size_t body) {
    return seal_answer(std::string(body, 'x'), receivers, {}, parties.entropy)->size();
  };
  EXPECT_EQ(size(0), size(4092));
  EXPECT_GT(size(4093), size(4092));
}

TEST(Statement, IsBoundToItsSubjectAndSigner) {
  Parties parties;
  const Statement statement = {"answer.json", crypto::sha256(as_bytes("x")),
                               std::string(kAnswerPredicate), Json::object({{"k", 50}})};
  const Envelope envelope = make_statement(statement, parties.owner);
  const auto opened = open_statement(envelope, kAnswerPredicate, parties.owner.public_key());
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->subject_digest, statement.subject_digest);
  EXPECT_EQ(opened->predicate.canonical(), R"({"k":50})");
  EXPECT_EQ(
      open_statement(envelope, kClosingPredicate, parties.owner.public_key()).error().reason.view(),
      "predicate_type_wrong");
}

}  // namespace
}  // namespace gbx::packet
