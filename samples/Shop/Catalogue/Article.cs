namespace Shop.Catalogue;

/// <summary>Something that can be bought.</summary>
/// <param name="Id">Identity, and the id of its stock in the log.</param>
/// <param name="Name">As customers know it.</param>
/// <param name="Price">For one.</param>
/// <param name="Opening">How many there are on the first day.</param>
internal sealed record Article(string Id, string Name, decimal Price, int Opening);
