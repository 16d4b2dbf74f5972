using System.Globalization;

namespace Shop.Load;

/// <summary>What a load did.</summary>
/// <param name="Orders">Orders that were placed.</param>
/// <param name="Payments">How many of them were paid: every second one.</param>
/// <param name="Amount">What all of them cost together.</param>
/// <param name="Refused">Orders that lost against others too often.</param>
/// <param name="Conflicts">How often a decision was taken anew.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record LoadResult(long Orders, long Payments, decimal Amount, long Refused, long Conflicts, double Seconds)
{
    /// <summary>Orders a second, as they were placed.</summary>
    public double Rate => Math.Round(Orders / Seconds, 1);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"Placed {Orders:N0} orders in {Seconds:0.0} s, {Rate:N0} a second, and paid {Payments:N0}; {Conflicts:N0} conflicts were decided anew, {Refused:N0} orders refused.");
}
