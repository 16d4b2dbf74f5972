using System.Globalization;

namespace Pup.Client.Events;

/// <summary>
/// The aggregate is not at the version that the append expected. Read the stream again, decide again, append again.
/// Nothing of the append was written. A transaction of the caller's own must be rolled back: when another writer was
/// noticed only at the insert, PostgreSQL has aborted it.
/// </summary>
public sealed class OptimisticConcurrencyException : Exception
{
    internal OptimisticConcurrencyException(
        AggregateKey aggregate, ExpectedVersion expected, long? actual, Exception? innerException = null)
        : base(Describe(aggregate, expected, actual), innerException)
    {
        BoundedContext = aggregate.BoundedContext;
        AggregateType = aggregate.AggregateType;
        AggregateId = aggregate.AggregateId;
        ExpectedVersion = expected;
        ActualVersion = actual;
    }

    /// <summary>Bounded context of the aggregate.</summary>
    public string BoundedContext { get; }

    /// <summary>Type of the aggregate.</summary>
    public string AggregateType { get; }

    /// <summary>Identity of the aggregate.</summary>
    public string AggregateId { get; }

    /// <summary>What the append expected.</summary>
    public ExpectedVersion ExpectedVersion { get; }

    /// <summary>The version found just after the conflict, 0 if there is no such aggregate; null if it could not be read.</summary>
    public long? ActualVersion { get; }

    private static string Describe(AggregateKey aggregate, ExpectedVersion expected, long? actual)
    {
        var found = actual switch
        {
            null => "another writer was faster",
            0 => "it does not exist",
            _ => string.Create(CultureInfo.InvariantCulture, $"it is at version {actual}"),
        };
        return $"Append to {aggregate} expected {expected}, but {found}. Read the stream again and decide anew.";
    }
}
