namespace Pup.Client.Http;

/// <summary>What was sent cannot be meant; the message says what is wrong with it.</summary>
internal sealed class MalformedRequestException(string message) : Exception(message);
