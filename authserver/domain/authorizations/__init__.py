"""What users and clients were granted: authorizations, consents, codes, device codes and the requests behind them."""
