namespace Pup.Grains.Failures;

/// <summary>What an operator asked of one dead letter.</summary>
internal readonly record struct DeadLetterRequest(string Key, long Position, DeadLetterStatus Status, bool Discard);
