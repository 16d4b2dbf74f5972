namespace Pup.Grains.Projections;

/// <summary>The handler committed or rolled back the batch's transaction itself. Never retried: part of its work may stand already.</summary>
internal sealed class TransactionEndedException() : Exception(
    "The handler ended the batch's transaction itself; what ran before its COMMIT stays applied, nothing was skipped. "
    + "Remove the commit or rollback from the handler.");
