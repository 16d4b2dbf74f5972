namespace Pup.Grains.Projections.Documents;

/// <summary>A document as it stands in the table.</summary>
/// <param name="Utf8">Its JSON.</param>
/// <param name="AsWritten">True when these are the serialiser's own bytes; jsonb gives back other white space and another order of keys.</param>
internal readonly record struct StoredJson(byte[] Utf8, bool AsWritten);
