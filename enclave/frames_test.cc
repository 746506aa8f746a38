#include "enclave/frames.h"

#include <gtest/gtest.h>

namespace gbx::enclave {
namespace {

const Bytes kNonce(kNonceBytes, 7);

TEST(Frames, AFrameReadsBackAsItWasWritten) {
  const Bytes bytes = encode_frame(Call::hello, kNonce);
  ASSERT_EQ(bytes.size(), kHeaderBytes + kNonceBytes);
  const auto frame = decode_frame(bytes);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->call, Call::hello);
  EXPECT_EQ(frame->payload, kNonce);
}

TEST(Frames, EveryTruncationIsRefused) {
  const Bytes bytes = encode_frame(Call::hello, kNonce);
  for (std::size_t size = 0; size < bytes.size(); size++) {
    EXPECT_FALSE(decode_frame(ByteView(bytes).first(size))) << size;
  }
}

TEST(Frames, BytesAfterTheFrameAreRefused) {
  Bytes bytes = encode_frame(Call::status, {});
  bytes.push_back(0);
  EXPECT_FALSE(decode_frame(bytes));
}

TEST(Frames, AnUnknownCallIsRefused) {
  Bytes bytes = encode_frame(Call::status, {});
  for (const int call : {0, 8, 15, 19, 31, 34, 255}) {
    bytes[4] = static_cast<std::uint8_t>(call);
    ASSERT_FALSE(decode_frame(bytes)) << call;
    EXPECT_EQ(decode_frame(bytes).error().reason, Literal("frame_malformed"));
  }
}

TEST(Frames, LengthZeroIsRefused) { EXPECT_FALSE(decode_header(Bytes{0, 0, 0, 0, 6})); }

TEST(Frames, ALengthOverTheCallsLimitIsRefusedBeforeMemoryIsTaken) {
  const auto header = decode_header(Bytes{0xff, 0xff, 0xff, 0xff, 1});
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().reason, Literal("frame_too_large"));
  EXPECT_FALSE(decode_header(Bytes{34, 0, 0, 0, 2}));  // a nonce of 33 bytes
  EXPECT_TRUE(decode_header(Bytes{33, 0, 0, 0, 2}));
}

TEST(Frames, OnlyTheSixCallsComeFromClients) {
  EXPECT_FALSE(is_client_request(Call::boot));
  EXPECT_FALSE(is_client_request(Call::append));
  EXPECT_FALSE(is_client_request(Call::appended));
  EXPECT_FALSE(is_client_request(Call::sealed));
  EXPECT_FALSE(is_client_request(Call::answer));
  EXPECT_TRUE(is_client_request(Call::query));
}

TEST(Refusal, ReadsBackAndHasOneSize) {
  const Error error{ErrorCode::policy_denied, "column_not_listed", {3, 9}};
  const RefusalSignature signature{1, 2, 3};
  const Bytes bytes = encode_refusal(error, signature);
  EXPECT_EQ(bytes.size(), 138U);
  EXPECT_EQ(encode_refusal({ErrorCode::unavailable, "x"}, kUnsigned).size(), 138U);
  const auto refusal = decode_refusal(bytes);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, ErrorCode::policy_denied);
  EXPECT_EQ(refusal->reason, "column_not_listed");
  EXPECT_EQ(refusal->where, (Span{3, 9}));
  EXPECT_EQ(refusal->body, encode_refusal_body(error));
  EXPECT_EQ(refusal->signature, signature);
}

TEST(Refusal, WhatTheRoomNeverWritesIsRefused) {
  const Bytes good =
      encode_refusal({ErrorCode::policy_denied, "column_not_listed", {3, 9}}, kUnsigned);
  ASSERT_TRUE(decode_refusal(good));
  EXPECT_FALSE(decode_refusal(ByteView(good).first(kRefusalBodyBytes))) << "without a signature";
  Bytes unknown_code = good;
  unknown_code[0] = 9;
  EXPECT_FALSE(decode_refusal(unknown_code));
  Bytes long_word = good;
  long_word[9] = kReasonBytesMax + 1;
  EXPECT_FALSE(decode_refusal(long_word));
  Bytes not_a_word = good;
  not_a_word[10] = 0x1b;
  EXPECT_FALSE(decode_refusal(not_a_word));
  Bytes padding = good;
  padding[kRefusalBodyBytes - 1] = 1;
  EXPECT_FALSE(decode_refusal(padding));
  Bytes empty = good;
  empty[9] = 0;
  EXPECT_FALSE(decode_refusal(empty));
}

}  // namespace
}  // namespace gbx::enclave
