#pragma once

// Inside trusted/crypto only: how the void pointers of x509.h are read.

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>

namespace gbx::crypto {

inline EVP_PKEY* as_pkey(const std::shared_ptr<void>& p) { return static_cast<EVP_PKEY*>(p.get()); }
inline X509* as_x509(const std::shared_ptr<void>& p) { return static_cast<X509*>(p.get()); }
inline X509_CRL* as_crl(const std::shared_ptr<void>& p) { return static_cast<X509_CRL*>(p.get()); }

}  // namespace gbx::crypto
