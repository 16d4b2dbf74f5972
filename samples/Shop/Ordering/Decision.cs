using Pup.Client.Events;

namespace Shop.Ordering;

/// <summary>What became of a customer's wish.</summary>
internal abstract record Decision
{
    private Decision()
    {
    }

    /// <summary>It is in the log: where, a reader waits for to see it.</summary>
    public sealed record Accepted(string OrderId, AppendResult? Appended, AppendResult? Stock = null) : Decision;

    /// <summary>It is not, and this is why.</summary>
    public sealed record Refused(string Reason) : Decision;
}
