namespace Pup.Tests.Telemetry;

/// <summary>One scrape of all silos, and what the ledger had a moment later.</summary>
/// <param name="Began">When, since the watch began.</param>
/// <param name="Processed">What each silo has counted, by its last scrape: that of a dead one stays.</param>
/// <param name="Lags">The lag, by every silo that showed it.</param>
/// <param name="Rows">Rows of the ledger by the silo that wrote them.</param>
internal sealed record ScrapeRound(TimeSpan Began, IReadOnlyDictionary<string, double> Processed, IReadOnlyList<double> Lags, IReadOnlyDictionary<string, long> Rows);
